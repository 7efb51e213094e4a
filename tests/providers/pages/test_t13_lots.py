"""Lots of a holding: kept, shown on the account's page and over the API, and compared with the holding."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.ingest import apply_holdings
from providers.ledger.models import FinancialAccount
from providers.ledger.queries import holdings
from providers.records import HoldingRecord, HoldingsRecord, LotRecord, SecurityRecord
from tests.providers.api.test_api_data import read, signed_in
from tests.providers.pages.test_pages_accounts import open_account, shown

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
BOUGHT = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
WHOLE = (
    LotRecord("a", Decimal(4), Decimal("10.5"), Decimal(42), Decimal(60), BOUGHT.date(), BOUGHT),
    LotRecord("b", Decimal(6), None, Decimal(58), Decimal(90), date(2026, 2, 3)),
)


@pytest.fixture
def settings(settings: Any) -> Any:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]
    return settings


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    return open_account(ana, type="investment", current="150")


def hold(account: FinancialAccount, *lots: LotRecord, units: str = "10", cost: str | None = "100") -> None:
    money = Decimal(150), None if cost is None else Decimal(cost)
    held = HoldingRecord("s", Decimal(units), Decimal(15), *money, "USD", lots or None)
    acme = SecurityRecord("s", "ACME", "Acme Corp", "stock", "", "", "USD")
    apply_holdings(account, HoldingsRecord(NOON, [held], [acme]), NOON)


async def test_t13_lots_are_told_over_the_api_and_on_the_page(
    ana: User, account: FinancialAccount, settings: Any
) -> None:
    await run_db(hold, account, *WHOLE)
    [told] = (await read(await signed_in(ana), f"accounts/{account.id}/holdings"))["results"]
    assert told["lots"] == [
        {
            "id": "a",
            "quantity": "4",
            "price": "10.5",
            "cost_basis": "42.00",
            "market_value": "60.00",
            "opened_on": "2026-01-05",
            "opened_at": "2026-01-05T14:30:00Z",
        },
        {
            "id": "b",
            "quantity": "6",
            "price": None,
            "cost_basis": "58.00",
            "market_value": "90.00",
            "opened_on": "2026-02-03",
            "opened_at": None,
        },
    ]
    assert (told["outside_lots"], told["cost_outside_lots"]) == ("0", "0.00")
    page = await shown(ana, account)
    assert re.search(r"ACME\s*: 2 lots", page)
    assert "5 Jan 2026" in page
    assert "3 Feb 2026" in page
    assert "+$32.00" in page
    assert "these lots" not in page
    await run_db(hold, account)
    assert "lots" not in (await shown(ana, account)).partition("<main")[2].lower()
    assert (await holdings(ana.id)).results[0]["lots"] is None


@pytest.mark.parametrize(
    ("lots", "units", "cost", "outside", "words"),
    [
        (WHOLE, "12.5", "100", ("2.5", "0.00"), "Not in these lots: 2.5 units."),
        (WHOLE, "9", "100", ("-1", "0.00"), "These lots have 1 unit more than the holding."),
        ((LotRecord("a"),), "9", "100", (None, None), "does not say of each lot how many units"),
        (WHOLE, "10", None, ("0", None), ""),
        (
            WHOLE,
            "10",
            "130",
            ("0", "30.00"),
            "The costs of these lots add up to $100.00; the institution states $130.00 for the holding.",
        ),
    ],
)
async def test_t13_lots_that_do_not_add_up_to_the_holding_say_so(
    ana: User,
    account: FinancialAccount,
    lots: tuple[LotRecord, ...],
    units: str,
    cost: str | None,
    outside: tuple[str | None, str | None],
    words: str,
) -> None:
    await run_db(hold, account, *lots, units=units, cost=cost)
    [row] = (await holdings(ana.id)).results
    assert (row["outside_lots"], row["cost_outside_lots"]) == outside
    if words:
        assert words in await shown(ana, account)
