"""Cash flow: money in and out by hand-computed sums, without transfers and trades, in any currency, never made up."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from dashtam import errors
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.ingest import apply_accounts, upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from tests.providers.api.test_api_data import read, signed_in
from tests.providers.ledger.test_ingest import NOON, account_record, row
from tests.providers.ledger.test_queries import queries_of

pytestmark = pytest.mark.django_db
SEP, OCT, NOV = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
END = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]


@pytest.fixture
def accounts(ana: User) -> Callable[..., FinancialAccount]:
    """Give Ana an account."""

    def make(name: str, **fields: Any) -> FinancialAccount:
        connection = Connection.objects.create(user=ana, provider="sandbox", state="active")
        return apply_accounts(connection, [account_record(id=name, name=name, **fields)], NOON)[0]

    return make


def on(day: date, id: str, amount: str, kind: str = "purchase", **fields: Any) -> Any:
    return row(id, amount, date=day, kind=kind, **fields)


@pytest.fixture
def household(ana: User, accounts: Any) -> dict[str, FinancialAccount]:
    """A salary, rent, shopping on a card that is paid from checking, a refund, trades."""
    made = {
        "checking": accounts("checking"),
        "card": accounts("card", type="credit"),
        "broker": accounts("broker", type="investment"),
    }
    checking = [
        on(date(2026, 8, 1), "first", "1.00", "deposit"),
        on(date(2026, 9, 15), "pay9", "2000.00", "deposit", category="INCOME"),
        on(date(2026, 9, 20), "rent9", "-900.00", "payment", category="HOUSING"),
        on(date(2026, 10, 15), "pay10", "2000.00", "deposit", category="INCOME"),
        on(date(2026, 10, 20), "rent10", "-900.00", "payment", category="HOUSING"),
        on(date(2026, 10, 30), "card out", "-120.50", "payment", category="TRANSFER"),
        on(date(2026, 11, 3), "invest out", "-300.00", "transfer", category="TRANSFER"),
        on(date(2026, 11, 15), "pay11", "2000.00", "deposit", category="INCOME"),
    ]
    card = [
        on(date(2026, 10, 5), "food", "-80.50", category="GROCERIES"),
        on(date(2026, 10, 9), "shoes", "-40.00", category="SHOPPING"),
        on(date(2026, 10, 12), "refund", "10.00", "credit", category="SHOPPING"),
        on(date(2026, 11, 2), "card in", "120.50", "payment", category="TRANSFER"),
        on(date(2026, 11, 8), "more food", "-60.00", category="GROCERIES"),
    ]
    broker = [
        on(date(2026, 11, 4), "invest in", "300.00", "cash_in"),
        on(date(2026, 11, 5), "buy", "-290.00", "buy"),
        on(date(2026, 11, 6), "fee", "-1.00", "fee", category="FEES"),
        on(date(2026, 11, 6), "dividend", "5.00", "dividend"),
    ]
    for name, rows in {"checking": checking, "card": card, "broker": broker}.items():
        upsert_transactions(made[name], rows)
    return made


def flows(answer: Any) -> list[Any]:
    return [(each["start"], each["in"], each["out"], each["net"]) for each in answer["series"]]


async def test_t07_money_in_and_out_by_month_as_computed_by_hand(ana: User, household: Any) -> None:
    answer = await queries.cash_flow(ana.id, SEP, END)
    assert flows(answer) == [
        (SEP, "2000.00", "-900.00", "1100.00"),
        (OCT, "2010.00", "-1020.50", "989.50"),
        (NOV, "2005.00", "-61.00", "1944.00"),
    ]
    assert [each["end"] for each in answer["series"]] == [date(2026, 9, 30), date(2026, 10, 31), END]
    assert answer["total"] == {"in": "6015.00", "out": "-1981.50", "net": "4033.50"}
    assert answer["transfers_left_out"] == {"count": 2, "amount": "420.50"}
    assert answer["trades_left_out"] == 1
    assert (answer["rates"], answer["unconverted"]) == (None, [])


async def test_t07_spending_by_category_has_shares_counts_and_the_time_before(
    ana: User, household: Any
) -> None:
    answer = await queries.cash_flow(ana.id, OCT, date(2026, 10, 31))
    assert answer["categories"] == [
        {"category": "HOUSING", "amount": "-900.00", "share": "0.8819", "count": 1, "before": "-900.00"},
        {"category": "GROCERIES", "amount": "-80.50", "share": "0.0789", "count": 1, "before": "0.00"},
        {"category": "SHOPPING", "amount": "-40.00", "share": "0.0392", "count": 1, "before": "0.00"},
    ]
    assert sum(Decimal(each["share"]) for each in answer["categories"]) == 1
    assert answer["before"] == {"in": "2000.00", "out": "-900.00", "net": "1100.00"}


async def test_t07_a_transfer_over_the_edge_of_the_range_is_left_out_from_both_sides(
    ana: User, household: Any
) -> None:
    october = await queries.cash_flow(ana.id, OCT, date(2026, 10, 31))
    november = await queries.cash_flow(ana.id, NOV, END)
    assert october["transfers_left_out"] == {"count": 1, "amount": "120.50"}
    assert november["transfers_left_out"] == {"count": 2, "amount": "420.50"}
    assert flows(october) + flows(november) == flows(await queries.cash_flow(ana.id, OCT, END))


async def test_t07_nothing_is_said_of_the_time_before_the_first_transaction(
    ana: User, household: Any
) -> None:
    answer = await queries.cash_flow(ana.id, date(2026, 1, 1), END)
    assert answer["series"][0]["start"] == date(2026, 8, 1)
    assert answer["since"] == date(2026, 8, 1)
    assert answer["before"] is None
    assert {each["before"] for each in answer["categories"]} == {None}
    earlier = await queries.cash_flow(ana.id, date(2025, 1, 1), date(2025, 12, 31))
    assert (earlier["total"], earlier["series"]) == (None, [])


async def test_t07_weeks_begin_on_monday_and_are_cut_at_the_ends(ana: User, household: Any) -> None:
    answer = await queries.cash_flow(ana.id, date(2026, 10, 15), date(2026, 10, 27), "week")
    spans = [(each["start"], each["end"], each["net"]) for each in answer["series"]]
    assert spans == [
        (date(2026, 10, 15), date(2026, 10, 18), "2000.00"),
        (date(2026, 10, 19), date(2026, 10, 25), "-900.00"),
        (date(2026, 10, 26), date(2026, 10, 27), "0.00"),
    ]


def publish(day: date, **rates: str) -> None:
    ExchangeRate.objects.add_missing([EuroRate(day, unit, Decimal(rate)) for unit, rate in rates.items()])


async def test_t07_each_amount_has_the_rates_of_its_own_day(ana: User, household: Any, accounts: Any) -> None:
    await run_db(publish, date(2026, 10, 1), USD="1.10")
    await run_db(publish, date(2026, 10, 8), USD="1.25", GBP="0.80")
    euros = await run_db(accounts, "giro", currency="EUR")
    rows = [
        on(date(2026, 10, 2), "e1", "-10.00", currency="EUR", category="GROCERIES"),
        on(date(2026, 10, 9), "e2", "-10.01", currency="EUR", category="GROCERIES"),
        on(date(2026, 10, 9), "e3", "8.00", "deposit", currency="GBP"),
        on(date(2026, 10, 9), "e4", "0.5", "deposit", currency="XBT"),
    ]
    await run_db(upsert_transactions, euros, rows)
    answer = await queries.cash_flow(ana.id, OCT, date(2026, 10, 31))
    # out: 1020.50 + 10 × 1.10 + 10.01 × 1.25 = 1044.0125; in: 2010 + 8 ÷ 0.80 × 1.25 = 2022.50
    assert flows(answer) == [(OCT, "2022.50", "-1044.01", "978.49")]
    assert answer["categories"][1]["amount"] == "-104.01"
    assert answer["rates"] == {"source": "ECB", "date": date(2026, 10, 1)}
    assert answer["unconverted"] == [
        {"currency": "XBT", "count": 1, "in": "0.50", "out": "0.00", "net": "0.50"}
    ]


async def test_t07_without_a_rate_there_is_no_sum_rather_than_zero(ana: User, household: Any) -> None:
    answer = await queries.cash_flow(ana.id, OCT, END, "month", "CHF")
    assert (answer["total"], answer["series"], answer["categories"], answer["rates"]) == (None, [], [], None)
    assert answer["unconverted"] == [
        {"currency": "USD", "count": 9, "in": "4015.00", "out": "-1081.50", "net": "2933.50"}
    ]


async def test_t07_a_transfer_in_another_currency_is_left_out_as_well(ana: User, accounts: Any) -> None:
    await run_db(publish, OCT, USD="1.25")
    for name, amount in {"one": "-100.00", "two": "100.00"}.items():
        account = await run_db(accounts, name, currency="EUR")
        await run_db(upsert_transactions, account, [on(OCT, name, amount, "transfer", currency="EUR")])
    answer = await queries.cash_flow(ana.id, OCT, END)
    assert answer["transfers_left_out"] == {"count": 1, "amount": "125.00"}
    assert answer["total"] == {"in": "0.00", "out": "0.00", "net": "0.00"}


async def test_t07_others_accounts_are_no_other_side(ana: User, ben: User, household: Any) -> None:
    connection = await Connection.objects.acreate(user=ben, provider="sandbox", state="active")
    theirs = (await run_db(apply_accounts, connection, [account_record()], NOON))[0]
    await run_db(upsert_transactions, theirs, [on(date(2026, 9, 20), "rent", "900.00", "payment")])
    assert (await queries.cash_flow(ana.id, SEP, END))["transfers_left_out"]["count"] == 2
    assert (await queries.cash_flow(ben.id, SEP, END))["total"] == {
        "in": "900.00",
        "out": "0.00",
        "net": "900.00",
    }


async def test_t07_it_takes_two_statements_however_much_there_is(ana: User, household: Any) -> None:
    assert await queries_of(queries.cash_flow(ana.id, SEP, END)) == 2
    more = [on(SEP + timedelta(days=n % 60), f"m{n}", f"-{n}.01", category=f"C{n % 9}") for n in range(300)]
    await run_db(upsert_transactions, household["checking"], more)
    assert await queries_of(queries.cash_flow(ana.id, SEP, END)) == 2
    assert await queries_of(queries.cash_flow(ana.id, SEP, END, "month", "EUR")) == 3  # and one for the rates


# --- the API -------------------------------------------------------------------------------------------


async def test_t07_the_api_has_the_promised_shape(ana: User, household: Any) -> None:
    api = await signed_in(ana)
    found = await read(api, "cash-flow?from=2026-10-01&to=2026-10-31&interval=month")
    assert found["series"] == [
        {"start": "2026-10-01", "end": "2026-10-31", "in": "2010.00", "out": "-1020.50", "net": "989.50"}
    ]
    assert found["transfers_left_out"] == {"count": 1, "amount": "120.50"}
    assert {"currency", "rates", "categories", "unconverted"} <= found.keys()
    assert (await read(api, "cash-flow"))["currency"] == "USD"


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("from=2026-10-02&to=2026-10-01", "from", "after_to"),
        ("from=2999-01-01", "from", "max_value"),
        ("to=1980-01-01&from=1980-01-02", "from", "after_to"),
        ("interval=day", "interval", "invalid_choice"),
        ("from=1900-01-01&to=2200-01-01&interval=week", "interval", "too_many_points"),
        ("currency=usd", "currency", "invalid"),
        ("limit=5", "limit", "unknown"),
    ],
)
async def test_t07_wrong_questions_are_named(ana: User, query: str, field: str, code: str) -> None:
    api = await signed_in(ana)
    answer = await api.get(f"cash-flow?{query}")
    assert answer.status_code == 400
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]


async def test_t07_a_range_that_ends_before_it_begins_is_refused(ana: User) -> None:
    with pytest.raises(errors.ValidationFailed):
        await queries.cash_flow(ana.id, END, SEP)
