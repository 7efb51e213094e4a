"""Syncs land through observations: sources without ids, workers that die, and changes that are too sudden."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction

from providers.connections.models import Connection
from providers.connectors.contract.facts import Facts
from providers.ledger.accounts.listed import ListedAccount, land_accounts
from providers.ledger.guards.holdings import land_holdings
from providers.ledger.ingest import upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations import answers
from providers.ledger.observations.models import Observation, Question
from providers.ledger.observations.rebuild import rebuild
from providers.ledger.review import undoing
from providers.records import AccountRecord, HoldingsRecord
from providers.sync.budget import Budget
from tests.providers.ledger.test_ingest import ACME, BOLT, NOON, account_record, holding, row
from tests.providers.sync.test_sync import Scripted, connection, run_with, scripted, step

__all__ = ["connection", "scripted"]
pytestmark = pytest.mark.django_db
LATER = [NOON + timedelta(hours=hour) for hour in range(9)]


def nameless(amount: str, name: str) -> Any:
    return row("", amount, description=name)


async def test_t12_pages_of_rows_without_ids_land_as_one(
    connection: Connection, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "facts", Facts(ids="none"), raising=False)
    coffee, tea = nameless("-3.00", "Coffee"), nameless("-2.00", "Tea")
    for start in ("1", "2", "3"):
        pages = [step(coffee, tea, then=f"{start}.1", more=True), step(coffee, then=f"{start}.2", more=False)]
        await run_with(scripted(*pages), connection)
    found = [(each.description, each.amount) async for each in Transaction.objects.order_by("amount", "id")]
    assert found == [("Coffee", Decimal(-3)), ("Coffee", Decimal(-3)), ("Tea", Decimal(-2))]


async def test_t12_rows_without_ids_that_are_more_than_a_run_reads_land_in_parts(
    connection: Connection, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "facts", Facts(ids="none"), raising=False)
    service = scripted(
        *(step(nameless(f"-{number}.00", "Tea"), then=str(number), more=number < 3) for number in (1, 2, 3))
    )
    service.budget = Budget(pages=2)
    run = await run_with(service, connection)
    assert (run.state, list(run.account_errors.values()), run.added) == ("partial", ["budget_spent"], 2)
    assert (await connection.accounts.aget()).transactions_cursor == "2"
    run = await run_with(service, connection)
    assert (run.state, run.added, await Transaction.objects.acount()) == ("succeeded", 1, 3)


async def test_t12_an_account_that_its_person_has_closed_is_still_read(
    connection: Connection, scripted: Any
) -> None:
    await run_with(scripted(step(row("a"), then="1", more=False)), connection)
    await connection.accounts.aupdate(closed_at=NOON, closed_by_person=True)
    run = await run_with(scripted(step(row("b"), then="2", more=False)), connection)
    assert (run.state, run.added, run.accounts_done, run.accounts_total) == ("succeeded", 1, 1, 1)


async def test_t12_a_worker_that_dies_at_any_page_leaves_the_right_rows(
    connection: Connection, scripted: Any
) -> None:
    rows = [row(f"r{n}", f"-{n}.00", description=f"Shop {n}") for n in range(1, 7)]

    async def gone() -> Any:
        raise SystemError

    def pages(begin: int) -> list[Any]:
        return [step(*rows[n : n + 2], then=str(n + 2), more=n < 4) for n in range(begin, 6, 2)]

    for kept in (1, 2):
        with pytest.raises(SystemError):
            await run_with(scripted(*pages((kept - 1) * 2)[:1], gone), connection)
        assert await Transaction.objects.acount() == kept * 2
    run = await run_with(scripted(*pages(4)), connection)
    assert (run.state, await Transaction.objects.acount(), run.added) == ("succeeded", 6, 2)
    assert await Observation.objects.acount() == 6


# --- sudden changes ----------------------------------------------------------------------------------


def listed(connection: Connection, at: datetime, *records: AccountRecord) -> list[FinancialAccount]:
    return land_accounts(connection, [ListedAccount(each) for each in records], at)


def money(name: str, current: str, at: datetime) -> AccountRecord:
    return account_record(name, current, as_of=at)


def test_t12_a_hundredfold_balance_is_held_until_its_person_says_so(connection: Connection) -> None:
    (account,) = listed(connection, LATER[0], money("a", "123.45", LATER[0]))
    for at in LATER[1:3]:
        listed(connection, at, money("a", "12345.00", at))
    account.refresh_from_db()
    assert account.balance_current == Decimal("123.45")
    assert [each.current for each in account.balances.all()] == [Decimal("123.45")]
    question = Question.objects.get(state="open")
    answers.refuse(account.user_id, question.id)
    listed(connection, LATER[3], money("a", "12345.00", LATER[3]))
    assert not Question.objects.filter(state="open").exists(), "the same number is not asked about again"
    listed(connection, LATER[4], money("a", "123450.00", LATER[4]))
    decision = answers.accept(account.user_id, Question.objects.get(state="open").id)
    account.refresh_from_db()
    assert (account.balance_current, account.balance_as_of) == (Decimal(123450), LATER[4])
    assert account.balances.get().current == Decimal(123450)
    assert decision is not None
    answers.undo(account.user_id, decision.id)
    account.refresh_from_db()
    assert (account.balance_current, account.balances.get().current) == (Decimal("123.45"),) * 2


def test_t12_a_held_balance_that_the_feed_takes_back_is_forgotten(connection: Connection) -> None:
    listed(connection, LATER[0], money("a", "10.00", LATER[0]))
    listed(connection, LATER[1], money("a", "1000.00", LATER[1]))
    (account,) = listed(connection, LATER[2], money("a", "11.00", LATER[2]))
    assert account.balance_current == Decimal(11)
    assert not Question.objects.exists()


@pytest.mark.parametrize("accepted", [True, False])
def test_t12_holdings_that_are_gone_at_once_are_held(connection: Connection, *, accepted: bool) -> None:
    (account,) = listed(connection, LATER[0], money("a", "10.00", LATER[0]))
    full = HoldingsRecord(LATER[0], [holding("s1", "2"), holding("s2", "3")], [ACME, BOLT])
    assert land_holdings(account, full, LATER[0])
    for at in LATER[1:3]:
        assert not land_holdings(account, HoldingsRecord(at, [], []), at)
    assert account.holdings.count() == 2
    question = Question.objects.get(kind="holdings_gone")
    (answers.accept if accepted else answers.refuse)(account.user_id, question.id)
    land_holdings(account, HoldingsRecord(LATER[3], [], []), LATER[3])
    assert account.holdings.count() == (0 if accepted else 2)
    assert not Question.objects.filter(state="open").exists()


def test_t12_holdings_given_up_by_mistake_come_back_with_the_answer_taken_back(
    connection: Connection,
) -> None:
    (account,) = listed(connection, LATER[0], money("a", "10.00", LATER[0]))
    full = HoldingsRecord(LATER[0], [holding("s1", "2"), holding("s2", "3")], [ACME, BOLT])
    land_holdings(account, full, LATER[0])
    held = list(account.holdings.order_by("id").values())
    land_holdings(account, HoldingsRecord(LATER[1], [], []), LATER[1])
    question = Question.objects.get(kind="holdings_gone")
    answers.accept(account.user_id, question.id)
    land_holdings(account, HoldingsRecord(LATER[2], [], []), LATER[2])
    assert not account.holdings.exists()
    for _ in range(2):
        undoing.undo_answer(account.user_id, question.id)
        assert list(account.holdings.order_by("id").values()) == held
    land_holdings(account, HoldingsRecord(LATER[3], [], []), LATER[3])
    assert account.holdings.count() == 2, "the question waits again"


def test_t12_a_renewed_account_that_is_another_is_taken_apart_and_joined_again(
    connection: Connection,
) -> None:
    def told(name: str, at: datetime, *rows: Any) -> FinancialAccount:
        record = replace(money(name, "10.00", at), name=f"Named {name}")
        with time_machine.travel(at, tick=True):
            (account,) = land_accounts(connection, [ListedAccount(record, ["number-1"])], at)
            upsert_transactions(account, rows)
        return account

    def books() -> dict[str, list[str]]:
        found = FinancialAccount.objects.order_by("created_at")
        return {
            each.provider_account_id: sorted(row.description for row in each.transactions.all())
            for each in found
        }

    first = told("u1", LATER[0], row("a1", "-1.00", description="Tea"), row("a2", "-2.00", description="Bus"))
    Transaction.objects.filter(amount=-1).update(note="mine")
    again = [row("b1", "-1.00", description="Tea"), row("b3", "-3.00", description="Cake")]
    told("w1", LATER[2], *again)
    assert books() == {"w1": ["Bus", "Cake", "Tea"]}
    question = Question.objects.get(kind="same_account")
    assert (question.state, question.why) == ("accepted", "its number is the same")

    undoing.undo_answer(connection.user_id, question.id)
    assert books() == {"u1": ["Bus", "Tea"], "w1": ["Cake", "Tea"]}
    old, new = (FinancialAccount.objects.get(provider_account_id=name) for name in ("u1", "w1"))
    assert (old.id, old.closed_at is None, new.closed_at) == (first.id, False, None)
    assert [old.name, new.name, new.id] == ["Named u1", "Named w1", question.right]
    assert {each.account_id for each in Transaction.objects.filter(note="mine")} == {first.id}
    told("w1", LATER[3], *again)
    assert books() == {"u1": ["Bus", "Tea"], "w1": ["Cake", "Tea"]}
    for account in (old, new):
        rebuild(account)
    assert books() == {"u1": ["Bus", "Tea"], "w1": ["Cake", "Tea"]}

    answers.accept(connection.user_id, question.id)
    assert books() == {"w1": ["Bus", "Cake", "Tea"]}
    assert FinancialAccount.objects.get().id == first.id


def test_t12_one_account_that_is_gone_is_closed_and_many_are_asked_about(connection: Connection) -> None:
    three = [money(name, "10.00", LATER[0]) for name in "abc"]
    a, b, c = listed(connection, LATER[0], *three)
    for at in LATER[1:3]:
        listed(connection, at, three[0])
    assert set(connection.accounts.filter(closed_at=None)) == {a, b, c}
    first, second = Question.objects.filter(kind="account_gone").order_by("left")
    answers.accept(connection.user_id, first.id)
    answers.refuse(connection.user_id, second.id)
    listed(connection, LATER[3], three[0])
    assert connection.accounts.filter(closed_at=None).count() == 2
    listed(connection, LATER[4], *three)
    assert connection.accounts.filter(closed_at=None).count() == 3
    listed(connection, LATER[5], *three[:2])
    assert connection.accounts.filter(closed_at=None).count() == 2, "one alone is closed"


def test_t12_a_balance_of_an_account_that_its_person_deleted_is_no_trouble(connection: Connection) -> None:
    a, _ = listed(connection, LATER[0], money("a", "1.00", LATER[0]), money("b", "2.00", LATER[0]))
    with transaction.atomic():
        FinancialAccount.objects.delete_whole(user_id=connection.user_id, id=a.id)
    left = listed(connection, LATER[1], money("a", "100.00", LATER[1]), money("b", "2.00", LATER[1]))
    assert [each.provider_account_id for each in left] == ["b"]
