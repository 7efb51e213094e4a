"""The dashboard tells what moved apart from what was added or left, and what it could not count."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.ui.formats import date_text
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_balances
from providers.ledger.models import FinancialAccount
from providers.records import BalanceRecord
from tests.providers.ledger.test_ingest import account_record
from tests.providers.pages.test_pages_overview import page

pytestmark = pytest.mark.django_db
SINCE = timezone.now().date() - timedelta(days=20)


def hold(user: User, now: str | None, before: str | None = None, **fields: Any) -> FinancialAccount:
    """An account that is connected today; with its balance of twenty days ago, if it was there then."""
    place = Connection.objects.create(user=user, provider="sandbox", state="active")
    moment = timezone.now()
    account = apply_accounts(place, [account_record(current=now, as_of=moment, **fields)], moment)[0]
    if before is not None:
        apply_balances(account, [BalanceRecord(SINCE, Decimal(before), None)])
    return account


async def test_t02_a_new_account_is_told_apart_from_the_gain(ana: User) -> None:
    await run_db(hold, ana, "122000.00", "100000.00")
    await run_db(hold, ana, "1532.00")
    told = await page(ana)
    assert "Net worth $123,532.00" in told
    assert (
        f"Up $22,000.00 (22.0%) since {date_text(SINCE)}, apart from $1,532.00 in 1 account that was added"
        in told
    )


async def test_t02_debts_that_were_added_and_accounts_that_left_are_told_too(ana: User) -> None:
    await run_db(hold, ana, "10.00", "10.00")
    await run_db(hold, ana, "-30.00", type="credit")
    await run_db(hold, ana, "-40.00", type="credit")
    gone = await run_db(hold, ana, "5.00", "5.00")
    await FinancialAccount.objects.filter(id=gone.id).aupdate(closed_at=timezone.now())
    told = await page(ana)
    assert (
        f"Unchanged since {date_text(SINCE)}, apart from −$70.00 in 2 accounts that were added "
        "and −$5.00 in 1 account that closed"
    ) in told


async def test_t02_where_all_accounts_are_other_ones_nothing_went_up_or_down(ana: User) -> None:
    gone = await run_db(hold, ana, "5.00", "5.00")
    await FinancialAccount.objects.filter(id=gone.id).aupdate(closed_at=timezone.now())
    await run_db(hold, ana, "9.00")
    told = await page(ana)
    assert (
        f"Since {date_text(SINCE)}: $9.00 in 1 account that was added and −$5.00 in 1 account that closed"
        in told
    )
    assert not re.search(r"\b(Up|Down|Unchanged)\b", told)


async def test_t02_an_account_without_a_known_balance_is_said_to_be_left_out(ana: User) -> None:
    await run_db(hold, ana, "10.00")
    assert "is not in the total" not in await page(ana)
    await run_db(hold, ana, None)
    assert "1 account is not in the total, because its balance is not known." in await page(ana)
    await run_db(hold, ana, None)
    assert "2 accounts are not in the total, because their balances are not known." in await page(ana)


async def test_t02_without_anything_that_needs_the_person_it_says_so(ana: User) -> None:
    account = await run_db(hold, ana, "10.00")
    assert "Nothing needs your attention." in await page(ana)
    await Connection.objects.filter(id=account.connection_id).aupdate(
        state="revoked", state_reason="revoked_by_user"
    )
    assert "Nothing needs your attention." not in await page(ana)


async def test_t11_what_has_stopped_comes_first_and_the_rest_folds(ana: User) -> None:
    soon, later = timezone.now() + timedelta(hours=20), timezone.now() + timedelta(days=3)
    for provider, state, end in (
        ("ibkr", "degraded", None),
        ("plaid", "expiring", later),
        ("simplefin", "expiring", soon),
        ("sandbox", "revoked", None),
    ):
        await Connection.objects.acreate(user=ana, provider=provider, state=state, consent_expires_at=end)
    told = await page(ana)
    places = [
        told.index(name)
        for name in ("Sandbox Bank ended", "SimpleFIN", "2 more connections to look at", "Plaid", "Inter")
    ]
    assert places == sorted(places)
