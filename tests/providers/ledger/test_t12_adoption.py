"""Rows from before observations were kept: they become observed ones, and nothing else about them changes."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.ledger.identity.records import Status
from providers.ledger.ingest import Counts, apply_accounts
from providers.ledger.models import FinancialAccount, Security, Transaction, WithdrawnTransaction
from providers.ledger.observations import answers, edits
from providers.ledger.observations.models import Delivery, Edit, Observation, Question, Source
from providers.ledger.observations.rebuild import rebuild, strays
from providers.ledger.review.undoing import undo_answer
from tests.providers.ledger.pages import apply_transactions
from tests.providers.ledger.test_ingest import NOON, account_record, page, pending, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    place = Connection.objects.create(user=ana, provider="sandbox", state="active")
    return apply_accounts(place, [account_record()], NOON)[0]


def old(account: FinancialAccount, record: Any, **own: Any) -> Transaction:
    """A row as earlier versions wrote it."""
    made = Transaction(
        id=uuid7(),
        user_id=account.user_id,
        account=account,
        provider_transaction_id=record.id,
        replaced_id=record.replaced_pending_id,
        first_seen_at=NOON,
        updated_at=NOON,
    )
    for name in ("date", "posted_at", "status", "amount", "currency", "description", "kind", "category"):
        setattr(made, name, getattr(record, name))
    for name in ("quantity", "price", "fees", "details"):
        setattr(made, name, getattr(record, name))
    for name, value in own.items():
        setattr(made, name, value)
    made.save(force_insert=True)
    return made


def everything() -> list[Any]:
    return list(Transaction.objects.order_by("id").values())


OLD = [
    row("a", "-4.5000", category="DINING", details={"reference": "R-1"}),
    row("b", replaced_pending_id="was"),
    pending("p", "-9.00"),
    row("s", "-30.00", kind="buy", security_id="ACME"),
]


def fill(account: FinancialAccount) -> dict[str, Transaction]:
    acme = Security.objects.create(provider="sandbox", provider_security_id="ACME", currency="USD", name="A")
    own: dict[str, dict[str, Any]] = {
        "a": {"note": "with Ben", "category": "Treats", "feed_category": "DINING"},
        "p": {"note": "tip"},
        "s": {"security": acme},
    }
    return {record.id: old(account, record, **own.get(record.id, {})) for record in OLD}


def test_t12_the_same_rows_again_change_nothing_and_are_observed(account: FinancialAccount) -> None:
    fill(account)
    before = everything()
    assert apply_transactions(account, page(*OLD), "") == Counts()
    assert everything() == before
    assert Observation.objects.count() == len(OLD)
    assert Source.objects.get().name == str(account.connection_id)
    assert Delivery.objects.count() == 1
    rebuild(account)
    kept = [{name: value for name, value in each.items() if name != "updated_at"} for each in everything()]
    assert kept == [{name: v for name, v in each.items() if name != "updated_at"} for each in before]
    assert strays(account) == 0


def test_t12_rows_of_before_go_on_with_their_ids_and_own_words(account: FinancialAccount) -> None:
    rows = fill(account)
    news = [row("a", "-4.50", category="COFFEE"), row("q", "-9.75", replaced_pending_id="p")]
    assert apply_transactions(account, page(*news, removed=["b"]), "") == Counts(modified=2, removed=1)
    a, q = account.transactions.get(id=rows["a"].id), account.transactions.get(id=rows["p"].id)
    assert (a.note, a.category, a.feed_category) == ("with Ben", "Treats", "COFFEE")
    assert (q.note, q.status, q.provider_transaction_id, q.replaced_id) == ("tip", "posted", "q", "p")
    assert not account.transactions.filter(id=rows["b"].id).exists()
    assert (apply_transactions(account, page(OLD[1]), "next").added, account.transactions.count()) == (1, 4)
    assert account.transactions.filter(id=rows["b"].id).exists()


def test_t12_a_row_that_was_withdrawn_before_comes_back_as_itself(account: FinancialAccount) -> None:
    ids = {"gone": uuid7(), "waited": uuid7()}
    for name, mine in ids.items():
        WithdrawnTransaction.objects.create(
            account=account, provider_transaction_id=name, transaction_id=mine, note=name, first_seen_at=NOON
        )
    back = [row("gone"), row("posted", "-5.00", replaced_pending_id="waited")]
    assert apply_transactions(account, page(*back), "") == Counts(added=2)
    found = dict(account.transactions.values_list("id", "note"))
    assert found == {mine: name for name, mine in ids.items()}


def test_t12_an_edit_may_come_before_the_next_sync(account: FinancialAccount, ben: User) -> None:
    rows = fill(account)
    edits.edit(account.user_id, rows["a"].id, Edit.Field.DESCRIPTION, "Lunch")
    shown = account.transactions.get(id=rows["a"].id)
    assert (shown.description, shown.note, shown.category) == ("Lunch", "with Ben", "Treats")
    assert apply_transactions(account, page(*OLD), "") == Counts()
    with pytest.raises(NotFound):
        edits.edit(ben.id, rows["b"].id, Edit.Field.NOTE, "mine")


def test_t12_rows_that_an_older_version_writes_beside_this_one_are_taken_in(
    account: FinancialAccount,
) -> None:
    apply_transactions(account, page(row("a"), then="c1"), "")
    late = old(account, row("z", "-7.00"))
    account.refresh_from_db()
    counts = apply_transactions(account, page(row("z", "-7.25"), then="c2"), "c1")
    assert counts == Counts(modified=1)
    assert account.transactions.get(id=late.id).amount == row("z", "-7.25").amount


def test_t12_a_second_pass_after_a_crash_adopts_once(account: FinancialAccount) -> None:
    fill(account)

    point = transaction.savepoint()
    apply_transactions(account, page(*OLD), "")
    transaction.savepoint_rollback(point)
    assert not Observation.objects.exists()
    account.refresh_from_db()
    assert apply_transactions(account, page(*OLD), "") == Counts()
    assert Observation.objects.filter(status=Status.PENDING).count() == 1


# --- pages of a feed ---------------------------------------------------------------------------------


def days(*names: str) -> list[Any]:
    """Equal rides on days one after the other, under these ids."""
    return [row(name, "-2.50", date=date(2026, 3, 1) + timedelta(days=n)) for n, name in enumerate(names)]


def test_t12_two_equal_rides_a_day_in_two_pages_are_two(account: FinancialAccount) -> None:
    apply_transactions(account, page(*days("a1", "a2", "a3", "a4"), then="1"), "")
    apply_transactions(account, page(*days("b1", "b2", "b3", "b4"), then="2"), "1")
    assert account.transactions.count() == 8
    FinancialAccount.objects.update(transactions_cursor="")
    said = frozenset(["a1", "a2", "a3", "a4"])
    account.refresh_from_db()
    apply_transactions(account, page(*days("a1", "a2", "a3", "a4"), then="1"), "")
    apply_transactions(
        account, page(*days("c1", "c2", "c3", "c4"), then="2"), "1", said=said, from_start=True
    )
    assert account.transactions.count() == 8, "read anew from the start, under new ids"


def test_t12_an_equal_booked_row_is_no_pending_one_where_the_source_links_them(
    account: FinancialAccount,
) -> None:
    apply_transactions(account, page(pending("p")), "")
    assert apply_transactions(account, page(row("t")), "next") == Counts(added=1)
    assert apply_transactions(account, page(row("q", replaced_pending_id="p")), "next") == Counts(modified=1)
    assert account.transactions.count() == 2


def test_t12_hundreds_of_old_rows_at_once_are_held(account: FinancialAccount) -> None:
    first = [row(f"n{n}", f"-{n}.00", date=date(2018, 1, 1)) for n in range(1, 120)]
    assert apply_transactions(account, page(*first), "").added == 119, "a first reading is what it is"
    again = [row(f"o{n}", f"-{n}.01", date=date(2018, 2, 1)) for n in range(1, 120)]
    for _ in range(2):
        assert apply_transactions(account, page(*again, then="next"), "next") == Counts()
    question = Question.objects.get(kind="late_rows")
    assert len(question.evidence["observations"]) == 119
    decision = answers.accept(account.user_id, question.id)
    assert account.transactions.count() == 238
    assert decision is not None
    answers.undo(account.user_id, decision.id)
    assert account.transactions.count() == 119


def test_t12_old_rows_that_were_refused_stay_away_until_the_answer_is_taken_back(
    account: FinancialAccount,
) -> None:
    apply_transactions(account, page(row("n", "-1.00")), "")
    many = [row(f"o{n}", f"-{n}.01", date=date(2018, 2, 1)) for n in range(1, 101)]
    apply_transactions(account, page(*many, then="next"), "next")
    question = Question.objects.get(kind="late_rows")
    answers.refuse(account.user_id, question.id)
    apply_transactions(account, page(*many, then="next"), "next")
    assert account.transactions.count() == 1
    undo_answer(account.user_id, question.id)
    answers.accept(account.user_id, question.id)
    assert account.transactions.count() == 101
