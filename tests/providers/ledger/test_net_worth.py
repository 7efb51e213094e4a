"""Net worth over several currencies: as computed by hand, at each day's own rates, and never zero for want of one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.ingest import apply_accounts, apply_balances
from providers.ledger.models import FinancialAccount
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.records import BalanceRecord
from tests.providers.ledger.test_ingest import account_record
from tests.providers.ledger.test_queries import queries_of

pytestmark = pytest.mark.django_db

THURSDAY, FRIDAY, MONDAY = date(2026, 10, 29), date(2026, 10, 30), date(2026, 11, 2)
PUBLISHED = {
    THURSDAY: {"USD": "1.113", "JPY": "175.92", "GBP": "0.83578", "ILS": "3.468"},
    FRIDAY: {"USD": "1.1172", "JPY": "175.68", "GBP": "0.8338", "ILS": "3.495"},
    MONDAY: {"USD": "1.12", "JPY": "175", "GBP": "0.84", "ILS": "3.5"},
}
ACCOUNTS = {"EUR": "100.00", "USD": "1000.00", "JPY": "50000", "GBP": "-250.50", "ILS": "700.10"}
DAYS = [THURSDAY + timedelta(days=n) for n in range(5)]  # a weekend among them

# By hand: each amount × the base's rate ÷ its own, added up, and rounded once. (total, assets, liabilities)
BY_HAND = {
    "EUR": [
        ("1184.85", "1484.57", "-299.72"),
        ("1179.59", "1480.02", "-300.43"),
        ("1090.09", "1390.52", "-300.43"),
        ("1090.09", "1390.52", "-300.43"),
        ("1032.18", "1389.32", "-357.14"),
    ],
    "USD": [
        ("1318.73", "1652.32", "-333.59"),
        ("1317.83", "1653.48", "-335.65"),  # the liabilities alone are -335.642…: the cent makes it add up
        ("1217.84", "1553.49", "-335.65"),
        ("1217.84", "1553.49", "-335.65"),
        ("1156.04", "1556.04", "-400.00"),
    ],
    "ILS": [
        ("4109.05", "5148.48", "-1039.43"),
        ("4122.65", "5172.66", "-1050.01"),
        ("3809.85", "4859.86", "-1050.01"),
        ("3809.85", "4859.86", "-1050.01"),
        ("3612.63", "4862.63", "-1250.00"),
    ],
}


@pytest.fixture
def hold(ana: User) -> Callable[..., FinancialAccount]:
    """Give Ana an account of an amount, known since a day."""

    def make(currency: str, amount: str, since: date = THURSDAY, **fields: Any) -> FinancialAccount:
        connection = Connection.objects.create(user=ana, provider="sandbox", state="active")
        moment = datetime.combine(since, time(12), UTC)
        record = account_record(current=amount, currency=currency, as_of=moment, **fields)
        return apply_accounts(connection, [record], moment)[0]

    return make


def publish(days: dict[date, dict[str, str]]) -> None:
    for day, rates in days.items():
        ExchangeRate.objects.add_missing([EuroRate(day, unit, Decimal(rate)) for unit, rate in rates.items()])


def later(account: FinancialAccount, day: date, amount: str) -> None:
    apply_balances(account, [BalanceRecord(day, Decimal(amount), None)])


@pytest.fixture
def five(hold: Callable[..., FinancialAccount]) -> None:
    """Accounts in five currencies, two of which change on the way."""
    accounts = {currency: hold(currency, amount) for currency, amount in ACCOUNTS.items()}
    later(accounts["USD"], date(2026, 10, 31), "900.01")
    later(accounts["GBP"], MONDAY, "-300")


@pytest.mark.parametrize("base", BY_HAND)
async def test_t01_five_currencies_make_the_sums_that_were_computed_by_hand(
    ana: User, five: None, base: str
) -> None:
    await run_db(publish, PUBLISHED)
    for day, (total, assets, liabilities) in zip(DAYS, BY_HAND[base], strict=True):
        answer = await queries.net_worth(ana.id, THURSDAY, day, "day", base)
        assert (answer["total"], answer["assets"], answer["liabilities"]) == (total, assets, liabilities)
        published = max(known for known in PUBLISHED if known <= day)
        assert answer["rates"] == {"source": "ECB", "date": published}
        assert answer["unconverted"] == []
    series = [
        (point["date"], point["total"], point["assets"], point["liabilities"]) for point in answer["series"]
    ]
    assert series == [(day, *row) for day, row in zip(DAYS, BY_HAND[base], strict=True)]


async def test_t01_without_rates_it_is_said_and_not_zero(ana: User, five: None) -> None:
    answer = await queries.net_worth(ana.id, THURSDAY, MONDAY, "day", "CHF")
    assert [answer["total"], answer["assets"], answer["liabilities"], answer["rates"]] == [None] * 4
    assert answer["series"] == []
    assert answer["as_of"] is not None
    told = {
        row["currency"]: (row["total"], row["assets"], row["liabilities"]) for row in answer["unconverted"]
    }
    assert told == {
        "EUR": ("100.00", "100.00", "0.00"),
        "GBP": ("-300.00", "0.00", "-300.00"),
        "ILS": ("700.10", "700.10", "0.00"),
        "JPY": ("50000", "50000", "0"),
        "USD": ("900.01", "900.01", "0.00"),
    }


async def test_t01_a_currency_without_a_rate_is_left_out_of_every_point(
    ana: User, hold: Callable[..., FinancialAccount]
) -> None:
    await run_db(publish, PUBLISHED | {THURSDAY: PUBLISHED[THURSDAY] | {"RUB": "100"}})
    for currency, amount in (("USD", "1.00"), ("RUB", "5000.00"), ("BTC", "0.25")):
        await run_db(hold, currency, amount)
    await run_db(
        lambda: ExchangeRate.objects.filter(currency="RUB").update(day=THURSDAY - timedelta(days=10))
    )
    answer = await queries.net_worth(ana.id, THURSDAY, FRIDAY, "day", "EUR")
    assert (answer["total"], [row["currency"] for row in answer["unconverted"]]) == ("0.90", ["BTC", "RUB"])
    assert [point["total"] for point in answer["series"]] == ["0.90", "0.90"]
    assert answer["rates"] == {"source": "ECB", "date": FRIDAY}


async def test_t01_where_rates_have_run_out_the_last_ones_count_and_their_day_is_told(
    ana: User, hold: Callable[..., FinancialAccount]
) -> None:
    await run_db(publish, PUBLISHED)
    await run_db(hold, "USD", "1.12", MONDAY)
    end = MONDAY + timedelta(days=12)
    answer = await queries.net_worth(ana.id, MONDAY, end, "day", "EUR")
    assert (answer["total"], answer["unconverted"]) == ("1.00", [])
    assert answer["rates"] == {"source": "ECB", "date": MONDAY}
    assert [point["total"] for point in answer["series"]] == ["1.00"] * 13


async def test_t01_an_account_that_was_closed_does_not_take_its_days_away(
    ana: User, hold: Callable[..., FinancialAccount]
) -> None:
    await run_db(publish, PUBLISHED)
    await run_db(hold, "EUR", "5.00")
    gone = await run_db(hold, "BTC", "1")
    closed = datetime.combine(FRIDAY, time(12), UTC)
    await FinancialAccount.objects.filter(id=gone.id).aupdate(closed_at=closed)
    answer = await queries.net_worth(ana.id, THURSDAY, MONDAY, "day", "EUR")
    assert [point["total"] for point in answer["series"]] == ["5.00"] * 5
    assert (answer["unconverted"], answer["rates"]) == ([], None)


async def test_t01_new_rates_count_at_once_also_where_the_answer_was_kept(ana: User, five: None) -> None:
    before = await queries.net_worth(ana.id, THURSDAY, THURSDAY, "day", "USD")
    assert before["total"] == "1000.00"
    await run_db(publish, PUBLISHED)
    assert (await queries.net_worth(ana.id, THURSDAY, THURSDAY, "day", "USD"))["total"] == "1318.73"


async def test_t01_one_more_query_is_all_that_conversion_costs(ana: User, five: None) -> None:
    await run_db(publish, PUBLISHED)
    assert await queries_of(queries.net_worth(ana.id, THURSDAY, MONDAY, "day", "ILS")) == 4
    assert await queries_of(queries.net_worth(ana.id, THURSDAY, MONDAY, "day", "ILS")) == 1  # from the cache
