"""The worth of an account by a file, and its day: nothing gone, nothing guessed, no day that has not come."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger import queries as ledger_queries
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Holding
from providers.ledger.queries.accounts import AccountBalances
from tests.providers.imports.conftest import Bring
from tests.providers.imports.files import bank, brokerage, cash, file, position, positions, row

pytestmark = pytest.mark.django_db


async def balances(user: User) -> AccountBalances:
    (account,) = (await ledger_queries.accounts(user.id)).results
    return account["balances"]


async def worth(user: User) -> tuple[str | None, str]:
    found = await balances(user)
    return found["current"], found["lacks"]


async def days(user: User) -> list[tuple[date, str]]:
    (account,) = (await ledger_queries.accounts(user.id)).results
    listed = await ledger_queries.balances(user.id, account["id"])
    return [(each["date"], each["current"]) for each in listed.results]


async def held(user: User) -> int:
    return len((await ledger_queries.holdings(user.id)).results)


async def test_t05_holdings_without_cash_count_and_say_so(ana: User, bring: Bring) -> None:
    data = file(brokerage(positions(position("1", "50.00"), position("2", "100.00"))))
    done = await bring(data)
    assert await worth(ana) == ("150.00", "cash")
    assert (done.statements[0]["closing_balance"], done.statements[0]["lacks"]) == ("150.00", "cash")
    assert (await ledger_queries.net_worth(ana.id, currency="USD"))["total"] == "150.00"
    (account,) = (await ledger_queries.accounts(ana.id)).results
    (day,) = (await ledger_queries.balances(ana.id, account["id"])).results
    assert day["lacks"] == "cash"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((positions(position("1", "50.00"), position("2", "")), cash("7.00")), ("57.00", "holdings")),
        ((positions(position("1", "50.00"), position("2", "")),), ("50.00", "cash_and_holdings")),
        ((positions(position("1", "50.00"), position("2", "much")), cash("7.00")), ("57.00", "holdings")),
        ((positions(position("1", "50.00")), cash("7.00")), ("57.00", "")),
        ((cash("7.00"),), ("7.00", "holdings")),
        ((positions(position("2", "")),), (None, "")),
        ((positions(),), (None, "")),
        ((positions(position("1", "50.00")), "<INV401KBAL><TOTAL>60.10</INV401KBAL>"), ("60.10", "")),
        ((positions(position("1", "50.00")), "<INV401KBAL><CASHBAL>1.10</INV401KBAL>"), ("51.10", "")),
    ],
)
async def test_t05_a_value_says_what_it_does_not_count(
    ana: User, bring: Bring, parts: tuple[str, ...], expected: tuple[str | None, str]
) -> None:
    await bring(file(brokerage(*parts)))
    assert await worth(ana) == expected


async def test_t05_holdings_in_another_currency_count_by_the_rate_of_the_file(
    ana: User, bring: Bring
) -> None:
    rated = position("1", "50.00", "<CURRENCY><CURRATE>1.0834<CURSYM>EUR</CURRENCY>")
    await bring(file(brokerage(positions(rated), cash("0"))))
    assert await worth(ana) == ("54.17", "")
    unrated = position("1", "50.00", "<CURRENCY><CURSYM>EUR</CURRENCY>")
    await bring(file(brokerage(positions(unrated, position("2", "5.00")), cash("0"), as_of="20260228")))
    assert await worth(ana) == ("5.00", "holdings")


async def test_t05_an_empty_list_of_holdings_empties_the_account_for_good(ana: User, bring: Bring) -> None:
    january = file(brokerage(positions(position("1", "50.00")), cash("0.00")))
    february = file(brokerage(positions(), cash("60.00"), as_of="20260228"))
    await bring(january)
    assert await held(ana) == 1
    await bring(february)
    assert (await worth(ana), await held(ana)) == (("60.00", ""), 0)
    await bring(january)
    assert (await worth(ana), await held(ana)) == (("60.00", ""), 0)


async def test_t05_everything_sold_where_cash_was_never_stated(ana: User, bring: Bring) -> None:
    await bring(file(brokerage(positions(position("1", "50.00")))))
    await bring(file(brokerage(positions(), as_of="20260228")))
    assert (await worth(ana), await held(ana)) == (("0.00", "cash"), 0)


async def test_t05_a_list_that_could_not_be_read_whole_removes_nothing(ana: User, bring: Bring) -> None:
    await bring(file(brokerage(positions(position("1", "50.00"), position("2", "9.00")), cash("0"))))
    done = await bring(
        file(brokerage(positions(position("1", "55.00"), position("2", "x")), cash("0"), as_of="20260228"))
    )
    assert (done.state, await held(ana)) == ("partial", 2)
    assert await worth(ana) == ("55.00", "holdings")


async def test_t05_cash_alone_does_not_replace_the_value_of_holdings(ana: User, bring: Bring) -> None:
    await bring(file(brokerage(positions(position("1", "50.00")), cash("1.00"))))
    done = await bring(file(brokerage(cash("2.00"), as_of="20260228")))
    assert (await worth(ana), await held(ana)) == (("51.00", ""), 1)
    assert [notice["code"] for notice in done.notices] == ["value_left_out"]


async def test_t05_a_balance_counts_for_the_day_that_the_bank_writes(ana: User, bring: Bring) -> None:
    balance = "<LEDGERBAL><BALAMT>500.00<DTASOF>20260131200000[-8:PST]</LEDGERBAL>"
    await bring(file(bank(balances=balance)))
    assert await days(ana) == [(date(2026, 1, 31), "500.00")]
    assert (await balances(ana))["as_of"] == datetime(2026, 2, 1, 4, tzinfo=UTC)
    month = await ledger_queries.net_worth(ana.id, date(2026, 1, 31), date(2026, 1, 31), currency="USD")
    assert month["total"] == "500.00"


async def test_t05_a_table_s_balance_counts_for_its_last_row_s_day(ana: User, bring: Bring) -> None:
    table = b"Date,Description,Amount,Balance\n2026-03-02,Shop,-4.50,100.00\n2026-03-05,Pay,50.00,150.00\n"
    done = await bring(table, filename="a.csv", currency="USD", new_account=True)
    assert [notice["code"] for notice in done.notices] == []
    assert (await days(ana))[0] == (date(2026, 3, 5), "150.00")
    assert (await balances(ana))["as_of"] == datetime(2026, 3, 5, 12, tzinfo=UTC)


def ledger(amount: str, day: str) -> str:
    return f"<LEDGERBAL><BALAMT>{amount}<DTASOF>{day}</LEDGERBAL>"


async def test_t05_a_balance_is_never_of_a_day_that_has_not_come(ana: User, bring: Bring) -> None:
    done = await bring(file(bank(balances=ledger("200.00", "20991231"))))
    assert [notice["code"] for notice in done.notices] == ["date_in_future"]
    assert await days(ana) == [(date(2026, 3, 10), "200.00")]
    await bring(file(bank(balances=ledger("150.00", "20260320"))))
    assert (await balances(ana))["current"] == "150.00"
    series = (await ledger_queries.net_worth(ana.id, currency="USD"))["series"]
    assert series[-1]["date"] == timezone.now().date()


async def test_t05_a_statement_that_ends_in_the_future_counts_today(ana: User, bring: Bring) -> None:
    await bring(file(bank(balances=ledger("200.00", "20991231"), end="20991231")))
    assert [day for day, _ in await days(ana)] == [timezone.now().date()]


async def test_t05_today_is_the_persons_own(ana: User, bring: Bring) -> None:
    ana.time_zone = "Pacific/Kiritimati"  # fourteen hours before UTC
    await ana.asave()
    there = (timezone.now() + timedelta(hours=14)).date()
    await bring(file(bank(balances=ledger("7.00", f"{there:%Y%m%d}"))))
    assert await days(ana) == [(there, "7.00")]
    assert (await ledger_queries.net_worth(ana.id, currency="USD"))["total"] == "7.00"


async def test_t05_a_lone_available_balance_is_kept(ana: User, bring: Bring) -> None:
    available = "<AVAILBAL><BALAMT>70.00<DTASOF>20260310</AVAILBAL>"
    await bring(file(bank(balances=available)))
    found = await balances(ana)
    assert (found["current"], found["available"]) == (None, "70.00")
    await bring(file(bank(balances=ledger("80.00", "20260311"))))
    await bring(file(bank(balances="<AVAILBAL><BALAMT>75.00<DTASOF>20260312</AVAILBAL>")))
    found = await balances(ana)
    assert (found["current"], found["available"]) == ("80.00", "75.00")


def mended() -> None:
    migration: Any = import_module("providers.migrations.0010_days_that_had_not_come")
    with database.schema_editor() as editor:
        migration.mend(apps, editor)


async def test_t05_days_in_the_future_of_before_are_mended(ana: User, bring: Bring) -> None:
    await bring(file(bank(balances=ledger("200.00", "20260301"), end="20260301")))
    fetched = datetime(2026, 3, 5, 10, tzinfo=UTC)
    future = datetime(2099, 12, 31, 12, tzinfo=UTC)
    await FinancialAccount.objects.aupdate(
        balance_as_of=future, balance_date=None, balance_fetched_at=fetched
    )
    await BalanceSnapshot.objects.aupdate(date=future.date(), as_of=future, fetched_at=fetched)
    await run_db(mended)
    assert await days(ana) == [(date(2026, 3, 5), "200.00")]
    assert (await balances(ana))["as_of"] == fetched
    await bring(file(bank(balances=ledger("150.00", "20260320"))))
    assert (await balances(ana))["current"] == "150.00"


async def test_t05_what_a_future_day_kept_out_is_the_balance_again(ana: User, bring: Bring) -> None:
    await bring(file(bank(balances=ledger("150.00", "20260320"), end="20260320")))
    future = datetime(2099, 12, 31, 12, tzinfo=UTC)
    fetched = datetime(2026, 3, 5, 10, tzinfo=UTC)
    account = await FinancialAccount.objects.aget()
    await BalanceSnapshot.objects.acreate(
        account=account, date=future.date(), current="200.00", as_of=future, fetched_at=fetched
    )
    await FinancialAccount.objects.aupdate(
        balance_current="200.00", balance_as_of=future, balance_date=None, balance_fetched_at=fetched
    )
    await run_db(mended)
    assert (await balances(ana))["current"] == "150.00"
    assert await days(ana) == [(date(2026, 3, 20), "150.00"), (date(2026, 3, 5), "200.00")]


async def test_t05_holdings_of_a_future_day_of_before_are_mended(ana: User, bring: Bring) -> None:
    await bring(file(brokerage(positions(position("1", "50.00")))))
    await FinancialAccount.objects.aupdate(holdings_as_of=None)
    await Holding.objects.aupdate(
        as_of=datetime(2099, 1, 1, tzinfo=UTC), fetched_at=datetime(2026, 1, 31, tzinfo=UTC)
    )
    await run_db(mended)
    await bring(file(brokerage(positions(), cash("60.00"), as_of="20260228"), bank(row("1"))))
    assert await held(ana) == 0
