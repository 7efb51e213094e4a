"""The change of net worth: what moved is told apart from accounts that were added or left, and adds up to the cent."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync  # noqa: TID251 hypothesis calls sync functions
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.cache import close_cache
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.ingest import apply_accounts, apply_balances
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.records import BalanceRecord
from tests.providers.ledger.test_ingest import account_record

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 5, 4), date(2026, 5, 8)
RATES = {"USD": "1.25", "JPY": "160"}


def hold(user: User, amount: str | None, since: date = FIRST, **fields: Any) -> FinancialAccount:
    """An account, in a connection of its own, with a balance since a day."""
    place = Connection.objects.create(user=user, provider="sandbox", state="active")
    moment = datetime.combine(since, time(12), UTC)
    record = account_record(current=amount, as_of=moment, **fields)
    return apply_accounts(place, [record], moment)[0]


def later(account: FinancialAccount, day: date, amount: str) -> None:
    apply_balances(account, [BalanceRecord(day, Decimal(amount), None)])


def close(account: FinancialAccount, day: date) -> None:
    FinancialAccount.objects.filter(id=account.id).update(closed_at=datetime.combine(day, time(12), UTC))


async def test_t02_a_new_account_is_not_a_gain(ana: User) -> None:
    old = await run_db(hold, ana, "100000.00")
    await run_db(later, old, LAST, "122000.00")
    await run_db(hold, ana, "1532.00", LAST - timedelta(days=2))
    answer = await queries.net_worth(ana.id, FIRST, LAST, "day", "USD")
    assert answer["total"] == "123532.00"
    assert answer["change"] == {
        "since": FIRST,
        "until": LAST,
        "total": "23532.00",
        "before": "100000.00",
        "moved": "22000.00",
        "added": "1532.00",
        "added_accounts": 1,
        "left": "0.00",
        "left_accounts": 0,
    }


async def test_t02_an_account_that_left_is_not_a_loss(ana: User) -> None:
    stays = await run_db(hold, ana, "10.00")
    await run_db(later, stays, LAST, "11.00")
    debt = await run_db(hold, ana, "-500.00", type="loan")
    await run_db(close, debt, LAST)
    change = (await queries.net_worth(ana.id, FIRST, LAST, "day", "USD"))["change"]
    assert change
    assert [change[name] for name in ("total", "before", "moved", "left")] == [
        "501.00",
        "10.00",
        "1.00",
        "500.00",
    ]
    assert (change["left_accounts"], change["added_accounts"]) == (1, 0)


async def test_t02_an_account_with_its_history_was_there_before_it_was_connected(ana: User) -> None:
    account = await run_db(hold, ana, "50.00", LAST)
    await run_db(later, account, FIRST - timedelta(days=30), "20.00")
    change = (await queries.net_worth(ana.id, FIRST, LAST, "day", "USD"))["change"]
    assert change
    assert (change["moved"], change["added"]) == ("30.00", "0.00")


async def test_t02_change_begins_where_something_is_known(ana: User) -> None:
    account = await run_db(hold, ana, "5.00", FIRST + timedelta(days=2))
    await run_db(later, account, LAST, "7.00")
    change = (await queries.net_worth(ana.id, FIRST, LAST, "day", "USD"))["change"]
    assert change
    assert (change["since"], change["moved"], change["added_accounts"]) == (
        FIRST + timedelta(days=2),
        "2.00",
        0,
    )


async def test_t02_with_one_point_there_is_no_change(ana: User) -> None:
    assert (await queries.net_worth(ana.id, FIRST, LAST))["change"] is None
    await run_db(hold, ana, "5.00", LAST)
    assert (await queries.net_worth(ana.id, FIRST, LAST))["change"] is None


async def test_t02_accounts_in_other_currencies_are_told_in_the_base(ana: User) -> None:
    for day in (FIRST, LAST):
        rates = [EuroRate(day, unit, Decimal(rate)) for unit, rate in RATES.items()]
        await run_db(ExchangeRate.objects.add_missing, rates)
    await run_db(hold, ana, "100.00", currency="EUR")
    await run_db(hold, ana, "1600", LAST, currency="JPY")
    await run_db(hold, ana, "9.00", LAST, currency="BTC")  # without a rate, and so in no figure
    change = (await queries.net_worth(ana.id, FIRST, LAST, "day", "USD"))["change"]
    assert change
    assert (change["moved"], change["added"], change["added_accounts"]) == ("0.00", "12.50", 1)


async def test_t02_an_account_without_a_balance_is_counted_as_unknown(ana: User) -> None:
    await run_db(hold, ana, "5.00")
    await run_db(hold, ana, None)
    assert (await queries.net_worth(ana.id, FIRST, LAST))["unknown_accounts"] == 1


async def test_t02_a_disconnected_account_counts_until_its_person_says(ana: User) -> None:
    await run_db(hold, ana, "5.00")
    account = await run_db(hold, ana, "7.00")
    await Connection.objects.filter(id=account.connection_id).aupdate(state="disconnected")
    today = await queries.net_worth(ana.id, currency="USD")
    assert today["total"] == "12.00"
    assert today["change"]
    assert today["change"]["left_accounts"] == 0


# --- days that have not come ---------------------------------------------------------------------------


async def test_t02_a_day_that_has_not_come_neither_freezes_a_balance_nor_stretches_the_series(
    ana: User,
) -> None:
    today = timezone.now().date()
    account = await run_db(hold, ana, "150.00", today - timedelta(days=9))
    await run_db(later, account, date(2099, 12, 31), "200.00")
    answer = await queries.net_worth(ana.id, currency="USD")
    assert answer["total"] == "150.00"
    assert answer["series"][-1]["date"] == today
    assert answer["as_of"]
    assert answer["as_of"].date() == today - timedelta(days=9)
    for end in (date(2099, 12, 31), None):
        rows = (await queries.balances(ana.id, account.id, None, end)).results
        assert [row["current"] for row in rows] == ["150.00"]


async def test_t02_no_point_lies_beyond_the_newest_day_on_earth(ana: User) -> None:
    today = timezone.now().date()
    await run_db(hold, ana, "1.00", today)
    answer = await queries.net_worth(ana.id, today, today + timedelta(days=400), "day", "USD")
    assert answer["series"][-1]["date"] <= today + timedelta(days=1)


async def test_t02_where_the_day_has_begun_already_its_balance_counts(ana: User) -> None:
    ahead = timezone.now() + timedelta(hours=14)  # the day in Kiritimati
    account = await run_db(hold, ana, "1.00", timezone.now().date() - timedelta(days=3))
    await run_db(later, account, ahead.date(), "2.00")
    answer = await queries.net_worth(ana.id, currency="USD")
    assert (answer["total"], answer["series"][-1]["date"]) == ("2.00", ahead.date())


# --- sum of what moved, and of what was added or left ------------------------------------------------------

days = st.integers(-4, 9).map(lambda n: FIRST + timedelta(days=n))
amounts = st.decimals(-(10**12), 10**12, places=2, allow_nan=False)
accounts = st.lists(
    st.tuples(
        st.dictionaries(days, amounts, max_size=5),
        st.none() | days,
        st.sampled_from(["USD", "EUR", "JPY", "BTC"]),
    ),
    max_size=5,
)


@settings(max_examples=100)
@given(accounts, st.sampled_from(["USD", "EUR", "JPY"]))
def test_t02_change_is_the_sum_of_what_moved_and_what_was_added_or_left(held: Any, base: str) -> None:
    with transaction.atomic():
        ana = _person(held)
        for day in (FIRST - timedelta(days=7), LAST):
            ExchangeRate.objects.add_missing(
                [EuroRate(day, unit, Decimal(rate)) for unit, rate in RATES.items()]
            )
        answer = async_to_sync(_asked)(ana.id, base)
        transaction.set_rollback(True)
    series, change = answer["series"], answer["change"]
    assert (change is None) == (len(series) < 2)
    if change is None:
        return
    first, last = series[0], series[-1]
    told = {name: Decimal(change[name]) for name in ("total", "before", "moved", "added", "left")}
    assert (change["since"], change["until"]) == (first["date"], last["date"])
    assert told["total"] == Decimal(last["total"]) - Decimal(first["total"])
    assert told["total"] == told["moved"] + told["added"] + told["left"]
    assert told["before"] == Decimal(first["total"]) + told["left"]
    _equals_a_look_at_each_account(held, change, base)


async def _asked(user_id: UUID, base: str) -> queries.NetWorth:
    try:
        return await queries.net_worth(user_id, FIRST, LAST, "day", base)
    finally:
        await close_cache()  # it belongs to this loop


def _equals_a_look_at_each_account(held: Any, change: Any, base: str) -> None:
    """The same figures, one account after the other; each sum is rounded by itself, so a unit may be off."""
    per_euro = {"EUR": Decimal(1)} | {unit: Decimal(rate) for unit, rate in RATES.items()}
    sums: dict[str, Decimal] = dict.fromkeys(("moved", "added", "left"), Decimal(0))
    counts = dict.fromkeys(("added", "left"), 0)
    for snapshots, closed, currency in held:
        if currency not in per_euro:
            continue
        before, after = (_known(snapshots, closed, change[name]) for name in ("since", "until"))
        kind = "moved" if None not in (before, after) else "added" if before is None else "left"
        sums[kind] += ((after or 0) - (before or 0)) * per_euro[base] / per_euro[currency]
        if kind != "moved" and (before, after) != (None, None):
            counts[kind] += 1
    unit = 1 if base == "JPY" else Decimal("0.01")
    assert all(abs(Decimal(change[name]) - amount) <= 2 * unit for name, amount in sums.items())
    assert counts == {"added": change["added_accounts"], "left": change["left_accounts"]}


def _known(snapshots: dict[date, Decimal], closed: date | None, day: date) -> Decimal | None:
    known = [each for each in snapshots if each <= day]
    return None if not known or (closed and closed <= day) else snapshots[max(known)]


def _person(held: Any) -> User:
    ana = User.objects.create_hashed(password_hash="x", name="Ana", email="ana@changes.example")
    place = Connection.objects.create(user=ana, provider="sandbox", state=Connection.State.ACTIVE)
    for number, (snapshots, closed, currency) in enumerate(held):
        account = FinancialAccount.objects.create(
            user=ana, connection=place, provider_account_id=str(number), name="A", type="other",
            currency=currency, closed_at=closed and datetime.combine(closed, time(12), UTC),
        )  # fmt: skip
        for day, amount in snapshots.items():
            as_of = datetime.combine(day, time(12), UTC)
            BalanceSnapshot.objects.create(
                account=account, date=day, current=amount, as_of=as_of, fetched_at=as_of
            )
    return ana
