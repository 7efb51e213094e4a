"""Statements that land: all or nothing, sealed, tenancy, and few statements of SQL however many rows there are."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers.errors import ProviderUnreadable
from providers.ledger.models import FinancialAccount, Security, Transaction
from providers.ledger.observations import answers, edits
from providers.ledger.observations.blocks import unseal
from providers.ledger.observations.carrying import Landed
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Delivery, Edit, Observation, Question
from providers.ledger.observations.rebuild import rebuild, strays
from providers.ledger.observations.statements import Statement
from providers.ledger.queries.row_history import row_history
from providers.ledger.queries.transaction_sums import sums
from tests.providers.ledger.observations.telling import FEED, FILES, ledger, stated, told

pytestmark = pytest.mark.django_db


class Killed(Exception):
    """The process that landed a statement is gone."""


def killed_at(number: int) -> Callable[..., Any]:
    """A database that is away from this statement on."""
    count = iter(range(number))

    def execute(run: Any, *arguments: Any) -> Any:
        if next(count, None) is None:
            raise Killed
        return run(*arguments)

    return execute


HISTORY = (
    stated(
        told("p1", 2, "-20.00", "Bistro", status="pending"),
        told("a1", 3, "-3.00", "Bus"),
        hour=1,
        window=(1, 9),
    ),
    stated(told("b1", 4, "-23.00", "Bistro"), told("a1", 3, "-3.00", "Bus"), hour=2, window=(1, 9)),
    stated(told("c1", 4, "-23.00", "Bistro"), told("c2", 3, "-3.00", "Bus"), hour=3, window=(1, 9)),
    stated(told("c1", 4, "-23.00", "Bistro"), hour=4, window=(1, 9)),
)


@pytest.mark.parametrize("number", range(30))
def test_a_process_killed_at_any_statement_leaves_nothing_half_done(
    account: FinancialAccount, number: int
) -> None:
    for statement in HISTORY:
        before = ledger()
        try:
            with transaction.atomic(), connection.execute_wrapper(killed_at(number)):
                land(account, FEED, statement)
        except Killed:
            assert ledger() == before
            land(account, FEED, statement)
        assert land(account, FEED, statement) == Landed()
    assert [(row[1], row[2], row[4]) for row in ledger(ids=False)] == [("posted", -23, "Bistro")]
    assert Observation.objects.values("event").distinct().count() == 2


def test_an_unchanged_window_takes_few_statements_and_writes_nothing(account: FinancialAccount) -> None:
    rows = [told(f"r{n}", 1 + n % 28, f"-{n}.00", f"Shop {n}") for n in range(1, 300)]
    land(account, FEED, stated(*rows, hour=1, window=(1, 30)))
    before = list(Observation.objects.values_list()), list(Delivery.objects.values_list()), ledger()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert land(account, FEED, stated(*reversed(rows), hour=2, window=(1, 30))) == Landed()
    assert len(captured) <= 9
    assert not [
        query
        for query in captured
        if query["sql"].lstrip().startswith(("INSERT", "UPDATE", "DELETE", "COPY"))
    ]
    assert (list(Observation.objects.values_list()), list(Delivery.objects.values_list()), ledger()) == before


@pytest.mark.parametrize("size", [1, 400])
def test_a_statement_takes_the_same_number_of_sql_statements_whatever_its_size(
    account: FinancialAccount, size: int
) -> None:
    rows = [told(f"r{n}", 1 + n % 28, f"-{n}.00", f"Shop {n}") for n in range(1, size + 1)]
    with CaptureQueriesContext(connection) as captured:
        assert land(account, FEED, stated(*rows, window=(1, 30))).added == size
    assert len(captured) <= 22, "with those that take rows of before in, the first time"


def test_what_was_said_is_sealed_and_opens_again(account: FinancialAccount) -> None:
    row = told("a1", 3, "-3.00", "A very private shop", category="Health")
    land(account, FEED, stated(row))
    delivery = Delivery.objects.get()
    assert b"private" not in bytes(delivery.block)
    assert unseal(delivery) == [row]


def test_an_unchanged_row_is_kept_once_and_a_changed_one_once_more(account: FinancialAccount) -> None:
    for hour, text in enumerate(["Bus", "Bus", "Bus Lines", "Bus Lines"]):
        land(account, FEED, stated(told("a1", 3, "-3.00", text), told("a2", 4, "-1.00", "Tea"), hour=hour))
    assert Observation.objects.count() == 3
    said = Observation.objects.filter(row_id="a1").order_by("id").values_list("at__hour", "until__hour")
    assert list(said) == [(0, 2), (2, None)]


@pytest.mark.parametrize(
    "fields",
    [{"currency": "e u"}, {"quantity": Decimal("1E-40")}, {"replaced_pending_id": "x" * 256}],
    ids=["currency", "number", "id"],
)
def test_a_statement_with_an_impossible_value_is_refused_whole(
    account: FinancialAccount, fields: dict[str, Any]
) -> None:
    with pytest.raises(ProviderUnreadable):
        land(account, FEED, stated(told("a1", 3, "-3.00"), told("a2", 3, "-4.00", **fields)))
    assert ledger() == []
    assert not Observation.objects.exists()


def test_a_security_that_a_row_names_is_kept_through_a_rebuild(account: FinancialAccount) -> None:
    land(account, FEED, stated(told("a1", 3, "-30.00", "Buy", security_id="ACME", quantity=Decimal("2.5"))))
    before = ledger()
    Transaction.objects.all().delete()
    rebuild(account)
    assert ledger() == before
    assert Transaction.objects.get().security == Security.objects.get(provider="corpus")


def test_a_note_written_straight_into_the_row_stays(account: FinancialAccount) -> None:
    land(account, FEED, stated(told("a1", 3, "-3.00", "Bus"), hour=1))
    Transaction.objects.update(note="to the lake")
    land(account, FEED, stated(told("a1", 3, "-3.00", "Bus Lines"), hour=2))
    assert [row[4:6] for row in ledger(ids=False)] == [("Bus Lines", "to the lake")]


def test_rows_from_before_observations_stay_through_a_rebuild(account: FinancialAccount) -> None:
    land(account, FEED, stated(told("a1", 3, "-3.00", "Bus")))
    old = Transaction.objects.get()
    old.pk, old.provider_transaction_id, old.date = None, "old", told("", 1, "0").date
    old.id = Transaction._meta.pk.get_default()
    old.save(force_insert=True)
    assert strays(account) == 1
    before = ledger()
    rebuild(account)
    assert ledger() == before


def test_nothing_of_another_persons_ledger_can_be_touched(account: FinancialAccount, ben: User) -> None:
    land(account, FEED, stated(told("a1", 3, "-3.00", "Pastry Box")))
    land(account, FILES, stated(told("", 3, "-3.00", "Garage East")))
    event, question = Transaction.objects.order_by("id")[0].id, Question.objects.get()
    with pytest.raises(NotFound):
        edits.edit(ben.id, event, Edit.Field.NOTE, "mine")
    with pytest.raises(NotFound):
        edits.add(ben.id, account.id, told("", 1, "0").date, told("", 1, "1").amount, "mine")
    with pytest.raises(NotFound):
        answers.accept(ben.id, question.id)
    with pytest.raises(NotFound):
        answers.part(ben.id, Observation.objects.order_by("id")[0].id)


async def test_the_history_of_an_event_is_its_persons_alone(account: FinancialAccount, ben: User) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00", "Bus"), hour=1))
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00", "Bus Lines"), hour=2))
    transaction_row = await Transaction.objects.aget()
    (first, changed) = (await row_history(account.user_id, transaction_row.id))["entries"]
    assert (first["reason"], changed["reason"]) == ("new", "id")
    assert [(one["before"], one["after"]) for one in changed["changes"]] == [("Bus", "Bus Lines")]
    with pytest.raises(NotFound):
        await row_history(ben.id, transaction_row.id)
    assert (await sums(ben.id))["by_currency"] == []


rows = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from(["-1.00", "-2.00"]),
        st.sampled_from(["Bus", "Tea House"]),
        st.booleans(),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(rows, st.booleans()), min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_history_of_a_source_without_ids_ends_as_its_last_window_and_rebuilds(
    account: FinancialAccount, history: list[tuple[list[Any], bool]]
) -> None:
    point = transaction.savepoint()
    try:
        ends_as_its_last_window_and_rebuilds(account, history)
    finally:  # what a failing history leaves must not make the next one fail
        transaction.savepoint_rollback(point)


def ends_as_its_last_window_and_rebuilds(
    account: FinancialAccount, history: list[tuple[list[Any], bool]]
) -> None:
    seen: Any = None
    for hour, (told_rows, from_file) in enumerate(history):
        records = [
            told("", day, amount, text, status="pending" if wait else "posted")
            for day, amount, text, wait in told_rows
        ]
        if from_file:
            booked = [record for record in records if record.status == "posted"]
            land(account, FILES, Statement(booked, at=stated(hour=hour).at))
        else:
            statement = stated(*records, hour=hour, window=(1, 9))
            land(account, FEED_WITHOUT_IDS, statement)
            assert land(account, FEED_WITHOUT_IDS, statement) == Landed()
            seen = sorted((r.date, r.amount, r.description, r.status) for r in records)
    if seen is not None and not Question.objects.exists():
        live = Observation.objects.filter(source__kind="feed", state=0)
        assert (
            sorted((o.date, o.amount, o.text, "posted" if o.status == 2 else "pending") for o in live) == seen
        )
    before = ledger()
    Transaction.objects.all().delete()
    rebuild(account)
    assert ledger() == before


FEED_WITHOUT_IDS = type(FEED)("feed", "bank", "corpus", FILES.grade)
