"""The page of cash flow: what came in, what went out, what for, and the way to the transactions behind it."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.ingest import upsert_transactions
from tests.providers.ledger.test_ingest import row
from tests.providers.pages.browsing import queries_of, signed_in
from tests.providers.pages.test_pages_accounts import open_account

pytestmark = pytest.mark.django_db


def today() -> Any:
    return datetime.now(UTC).date()


@pytest.fixture
def household(ana: User) -> None:
    checking = open_account(ana, name="Everyday")
    card = open_account(ana, id="card", type="credit")
    this, last = today().replace(day=1), (today().replace(day=1) - timedelta(days=1)).replace(day=1)
    rows = [
        row("old", "1.00", date=last - timedelta(days=400), kind="deposit"),
        row("pay", "2500.00", date=this, kind="deposit", category="INCOME"),
        row("rent", "-900.00", date=last, kind="payment", category="HOUSING"),
        row("rent2", "-990.00", date=this, kind="payment", category="HOUSING"),
        row("to card", "-80.00", date=this, kind="payment", category="TRANSFER"),
        row("bare", "-10.00", date=this),
    ]
    upsert_transactions(checking, rows)
    upsert_transactions(card, [row("from checking", "80.00", date=this, kind="payment")])


async def shown(user: User, path: str = "/cash-flow") -> tuple[str, str]:
    browser = await signed_in(user)
    answer = await browser.get(path)
    assert answer.status_code == 200
    return browser.text(answer), answer.content.decode()


async def test_t07_the_page_shows_in_out_and_what_is_left(ana: User, household: None) -> None:
    told, page = await shown(ana, "/cash-flow?range=1m")
    assert "+$2,500.00" in told
    assert "−$1,000.00" in told
    assert "$1,500.00" in told
    assert "Left out: 1 transfer between your own accounts, which moved $80.00" in told
    assert page.count('class="line-chart"') == 2
    assert "came in and $1,000.00 went out." in told


async def test_t07_spending_has_shares_and_leads_to_its_transactions(ana: User, household: None) -> None:
    told, page = await shown(ana, "/cash-flow?range=1m")
    assert "99.0%" in told
    links = [html.unescape(each) for each in re.findall(r'<th scope="row"><a href="([^"]+)"', page)]
    begin, end = today().replace(day=1), today()
    assert links == [
        f"/transactions?category=HOUSING&max_amount=0&from={begin}&to={end}#transactions",
        f"/transactions?category=-&max_amount=0&from={begin}&to={end}#transactions",
        f"/transactions?from={begin}&to={end}#transactions",
    ]
    browser = await signed_in(ana)
    for url, found in zip(links, ("1 transaction,", "1 transaction,", "5 transactions"), strict=True):
        assert found in browser.text(await browser.get(url.partition("#")[0]))


async def test_t07_the_time_before_is_compared_only_where_it_is_known(ana: User, household: None) -> None:
    told, _ = await shown(ana, "/cash-flow?range=2y")
    assert "No changes are shown, because not everything before" in told
    assert "known since" in told
    told, _ = await shown(ana, "/cash-flow?range=6m")
    assert "Changes compare with the same number of days before" in told


async def test_t07_a_currency_without_rates_is_said_and_not_summed(ana: User, household: None) -> None:
    await User.objects.filter(id=ana.id).aupdate(base_currency="CHF")
    await ana.arefresh_from_db()
    told, page = await shown(ana)
    assert "No sums in CHF, because we know no exchange rate" in told
    assert 'class="line-chart"' not in page


async def test_t07_days_are_those_of_the_person_s_own_zone(ana: User, household: None) -> None:
    await User.objects.filter(id=ana.id).aupdate(time_zone="Pacific/Kiritimati")
    await ana.arefresh_from_db()
    tomorrow = datetime(today().year + 1, 3, 31, 23, 0, tzinfo=UTC)
    with time_machine.travel(tomorrow, tick=False):
        told, _ = await shown(ana, "/cash-flow?range=1m")
    assert f"1 Apr {tomorrow.year}" in told


async def test_t07_a_person_without_transactions_is_shown_the_first_step(ana: User) -> None:
    told, _ = await shown(ana)
    assert "No transactions yet" in told


async def test_t07_the_page_reads_two_statements_of_its_own(ana: User, household: None) -> None:
    browser = await signed_in(ana)
    assert await queries_of(browser, "/cash-flow") == 4  # updates under way, and how many questions wait


async def test_t07_nothing_of_others_is_in_it(ana: User, ben: User, household: None) -> None:
    told, _ = await shown(ben)
    assert "No transactions yet" in told
    await run_db(open_account, ben)
