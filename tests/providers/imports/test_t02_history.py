"""Accounts of files get their balances back from their rows, told as worked out, and none over a gap."""

from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

import providers
from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.imports.models import FileImport
from providers.ledger import queries
from providers.ledger.ingest import rebuild_history
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from tests.providers.imports.conftest import Bring
from tests.providers.imports.test_imports import fed, line, statement
from tests.providers.pages.test_pages_overview import page

pytestmark = pytest.mark.django_db
__all__ = ["fed"]
MIGRATIONS = Path(providers.__file__).parent / "migrations"


async def told(user: User) -> list[tuple[str, str, bool]]:
    """The days of the only account, the oldest first."""
    (account,) = (await queries.accounts(user.id)).results
    days = (await queries.balances(user.id, account["id"])).results
    return [(f"{day['date']:%m-%d}", day["current"], day["derived"]) for day in reversed(days)]


async def test_t02_a_file_draws_a_line_and_not_a_dot(ana: User, bring: Bring) -> None:
    await bring(
        statement(line("1", "-4.50", "20260305"), line("2", "20", "20260307"), line("3", "-1", "20260310"))
    )
    assert await told(ana) == [
        ("02-28", "85.50", True),
        ("03-05", "81.00", True),
        ("03-07", "101.00", True),
        ("03-10", "100.00", False),
    ]
    worth = await queries.net_worth(ana.id, date(2026, 2, 27), date(2026, 3, 10), "day", "USD")
    assert [point["total"] for point in worth["series"]] == [
        *["85.50"] * 5, *["81.00"] * 2, *["101.00"] * 3, "100.00",
    ]  # fmt: skip
    assert worth["derived_accounts"] == 1
    assert worth["change"]
    assert (worth["change"]["moved"], worth["change"]["added"]) == ("14.50", "0.00")


async def test_t02_without_rows_that_tell_more_nothing_is_derived(ana: User, bring: Bring) -> None:
    await bring(statement())
    assert await told(ana) == [("03-10", "100.00", False)]
    worth = await queries.net_worth(ana.id, date(2026, 3, 1), date(2026, 3, 10))
    assert worth["derived_accounts"] == 0


async def test_t02_the_same_file_twice_changes_nothing(ana: User, bring: Bring) -> None:
    data = statement(line("1", "-4.50", "20260305"), line("2", "20", "20260307"))
    await bring(data)
    first = await told(ana)
    await bring(data)
    assert await told(ana) == first


async def test_t02_a_stated_balance_replaces_a_derived_one(ana: User, bring: Bring) -> None:
    await bring(statement(line("1", "-4.50", "20260305"), line("2", "20", "20260307")))
    await bring(statement(line("1", "-4.50", "20260305"), balance="80.00", as_of="20260305"))
    assert await told(ana) == [
        ("02-28", "84.50", True),
        ("03-05", "80.00", False),
        ("03-07", "100.00", True),
        ("03-10", "100.00", False),
    ]


async def test_t02_a_file_in_which_a_row_could_not_be_read_proves_nothing(ana: User, bring: Bring) -> None:
    done = await bring(statement(line("1", "-4.50", "20260305"), line("2", "many", "20260307")))
    assert done.rejected_count == 1
    assert await told(ana) == [("03-10", "100.00", False)]


async def test_t02_there_is_no_line_over_months_that_were_not_imported(ana: User, bring: Bring) -> None:
    early = statement(line("0", "7", "20251105"), as_of="20251110").replace(b"20260301", b"20251101")
    await bring(early.replace(b"<DTEND>20260310", b"<DTEND>20251110"))
    await bring(statement(line("1", "-4.50", "20260305"), balance="60.00"))
    assert await told(ana) == [
        ("10-31", "93.00", True),
        ("11-05", "100.00", True),
        ("11-10", "100.00", False),
        ("02-28", "64.50", True),
        ("03-05", "60.00", True),
        ("03-10", "60.00", False),
    ]


async def test_t02_an_account_that_a_provider_feeds_keeps_the_provider_s_balances(
    ana: User, bring: Bring, fed: FinancialAccount
) -> None:
    await bring(statement(line("1", "-4.50", "20260305")), account_id=fed.id)
    assert not await BalanceSnapshot.objects.filter(derived=True).aexists()


async def test_t02_investments_are_never_worked_out_from_rows(ana: User, bring: Bring) -> None:
    await bring(statement(line("1", "-4.50", "20260305")))
    account = await FinancialAccount.objects.aget()
    await FinancialAccount.objects.aupdate(type="investment")
    await run_db(rebuild_history, account.id, [])
    assert await told(ana) == [("03-10", "100.00", False)]


async def test_t02_pages_say_that_balances_were_worked_out(ana: User, bring: Bring) -> None:
    today = date.today()  # noqa: DTZ011
    rows = [line(str(n), "-1.00", f"{today - timedelta(days=n):%Y%m%d}") for n in (2, 9)]
    data = statement(*rows, as_of=f"{today:%Y%m%d}").replace(
        b"20260301", f"{today - timedelta(20):%Y%m%d}".encode()
    )
    await bring(data.replace(b"<DTEND>20260310", f"<DTEND>{today:%Y%m%d}".encode()))
    account = await FinancialAccount.objects.aget()
    told = await page(ana)
    assert (
        "Some balances of 1 account are worked out from its transactions, for days that no statement covers."
        in told
    )
    assert "Some of these balances are worked out from the transactions in your files" in await page(
        ana, f"/accounts/{account.id}"
    )
    await Transaction.objects.all().adelete()
    await run_db(rebuild_history, account.id, [])
    assert "worked out" not in await page(ana) + await page(ana, f"/accounts/{account.id}")


async def test_t02_an_import_tells_which_days_it_covers(ana: User, bring: Bring) -> None:
    done = await bring(statement(line("1", "-4.50", "20260305")))
    assert [(each.get("covers_from"), each.get("covers_to")) for each in done.statements] == [
        ("2026-03-01", "2026-03-10")
    ]


async def test_t02_accounts_of_earlier_versions_get_their_history_with_the_upgrade(
    ana: User, bring: Bring
) -> None:
    await bring(
        statement(line("1", "-4.50", "20260305"), line("2", "20", "20260307"), line("3", "-1", "20260310"))
    )
    await run_db(_as_before)
    assert await told(ana) == [("03-10", "100.00", False)]
    for _ in range(2):  # a migration that was stopped begins anew
        await run_db(_upgrade)
        assert await told(ana) == [
            ("03-04", "85.50", True),  # the period itself was not written down then
            ("03-05", "81.00", True),
            ("03-07", "101.00", True),
            ("03-10", "100.00", False),
        ]


def _as_before() -> None:
    BalanceSnapshot.objects.filter(derived=True).delete()
    for each in FileImport.objects.all():
        each.statements = [
            {key: value for key, value in told.items() if not key.startswith("covers")}
            for told in each.statements
        ]
        each.save()


def _upgrade() -> None:
    (name,) = (path.stem for path in MIGRATIONS.glob("*_derived_balances.py"))
    migration: Any = import_module(f"providers.migrations.{name}")
    migration._rebuild(None, SimpleNamespace(connection=connection))
