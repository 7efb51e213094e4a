"""Pages call a figure stale by the rhythm of its source, not by a clock of their own."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_holdings
from providers.ledger.models import FinancialAccount
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord
from tests.providers.ledger.test_ingest import account_record
from tests.providers.pages.test_pages_overview import page

pytestmark = pytest.mark.django_db
ACME = SecurityRecord("s1", "ACME", "Acme", "stock", "", "", "USD")
HELD = HoldingRecord("s1", Decimal(2), Decimal(10), Decimal(20), Decimal(15), "USD")


def broker(user: User, provider: str, balance: datetime, prices: datetime) -> FinancialAccount:
    """An investment account with one holding."""
    place = Connection.objects.create(user=user, provider=provider, state="active")
    account = apply_accounts(place, [account_record(type="investment", as_of=balance)], timezone.now())[0]
    apply_holdings(account, HoldingsRecord(prices, [HELD], [ACME]), timezone.now())
    return account


def last_close() -> datetime:
    """The close of the last weekday before today."""
    day = timezone.now().date() - timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return datetime.combine(day, time(21), UTC)


async def all_pages(user: User, account: FinancialAccount) -> str:
    paths = ("/", "/investments", f"/accounts/{account.id}", f"/connections/{account.connection_id}")
    return " ".join([await page(user, path) for path in paths])


async def test_t03_a_price_of_the_last_close_is_not_stale(ana: User) -> None:
    account = await run_db(broker, ana, "sandbox", timezone.now(), last_close())
    assert "Stale" not in await all_pages(ana, account)


async def test_t03_a_price_that_missed_days_of_trading_is_stale(ana: User) -> None:
    account = await run_db(broker, ana, "sandbox", timezone.now(), last_close() - timedelta(days=9))
    for path in ("/", "/investments", f"/accounts/{account.id}"):
        assert (await page(ana, path)).count("Stale") == 1, path


async def test_t03_files_say_as_of_and_are_never_stale(ana: User) -> None:
    old = timezone.now() - timedelta(days=400)
    account = await run_db(broker, ana, "ofx", old, old)
    told = await all_pages(ana, account)
    assert "as of " in told
    assert "Stale" not in told


async def test_t03_a_balance_of_a_bank_is_stale_after_its_day_and_says_so_on_each_page(ana: User) -> None:
    account = await run_db(broker, ana, "sandbox", timezone.now() - timedelta(days=3), last_close())
    for path in ("/", f"/accounts/{account.id}", f"/connections/{account.connection_id}"):
        assert "as of 3 days ago Stale" in await page(ana, path), path
