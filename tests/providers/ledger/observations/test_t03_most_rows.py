"""Work on one source's rows reads none of another's, though that one has most of the table."""

from dataclasses import replace

import pytest
from django.utils import timezone

from providers.ledger.accounts.merging import same_account
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.carrying import Landed
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Source
from tests.providers.ledger.most_rows import few_read, fill
from tests.providers.ledger.observations.telling import FEED, FILES, stated, told

pytestmark = pytest.mark.django_db


def test_t03_a_window_without_news_reads_none_of_the_older_rows(account: FinancialAccount) -> None:
    rows = [told(f"r{n}", n, f"-{n}.00") for n in range(1, 9)]
    land(account, FEED, stated(*rows, window=(1, 30)))
    fill(Source.objects.get())
    with few_read():
        assert land(account, FEED, stated(*rows, window=(1, 30), hour=1)) == Landed()


def test_t03_the_first_rows_of_a_source_read_none_of_anothers(account: FinancialAccount) -> None:
    land(account, FEED, stated(told("r1", 1, "-1.00")))
    fill(Source.objects.get())
    other = replace(FILES, grade=FEED.grade)
    with few_read():
        assert land(account, other, stated(told("n1", 2, "-2.00"), told("n2", 3, "-3.00"))).added == 2


def test_t03_an_account_goes_on_without_a_look_at_what_others_have_said_since(
    account: FinancialAccount,
) -> None:
    def another(name: str) -> FinancialAccount:
        named = {"provider_account_id": name, "name": name, "type": "depository", "currency": "EUR"}
        return FinancialAccount.objects.create(user=account.user, connection=account.connection, **named)

    new, large = another("new"), another("large")
    land(account, FEED, stated(told("r1", 1, "-1.00")))
    fill(Source.objects.get(account=account), 1_000)
    FinancialAccount.objects.filter(id=account.id).update(closed_at=timezone.now())
    land(large, FEED, stated(told("l1", 2, "-2.00")))
    fill(Source.objects.get(account=large))
    land(new, FEED, stated(told("r2", 1, "-1.00"), told("n1", 3, "-3.00")))
    with few_read(2_000, planned="custom", only="MAX|MIN"):
        same_account(account.user_id, account.id, new.id)
