"""Random histories of one account, told by sources with good, bad and no ids: the ledger ends as the truth is."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from providers.ledger.identity.records import Grade, Row, State, Status
from tests.providers.ledger.identity.book import FIRST, Book, row, window

TEXTS = ("Amber Inn", "Birch Bakery", "Cedar Clinic", "Dune Deli")
AMOUNTS = ("-1.00", "-2.50", "12.00")
DAYS = 20


@dataclass(frozen=True)
class Happening:
    """One true event: made on a day, stated from a step on, booked some steps later."""

    number: int
    day: int
    amount: str
    text: str
    seen_from: int
    waits: int

    def stated(self, step: int, style: str, place: int, order: int) -> Row:
        pending = step < self.seen_from + self.waits
        name = {
            "stable": f"e{self.number}",
            "linked": f"{'p' if pending else 'b'}{self.number}",
            "batch": f"d{step}-{place}",
            "positional": f"{self.day}.{order}",
            "none": "",
        }[style]
        replaces = f"p{self.number}" if style == "linked" and self.waits and not pending else ""
        status = Status.PENDING if pending else Status.POSTED
        return row(place, name, self.day, self.amount, self.text, status, replaces)


happenings = st.lists(
    st.tuples(
        st.integers(0, DAYS),
        st.sampled_from(AMOUNTS),
        st.sampled_from(TEXTS),
        st.integers(0, 4),
        st.integers(0, 2),
    ),
    max_size=12,
).map(lambda found: [Happening(n, *values) for n, values in enumerate(found)])
GRADES = {
    "stable": Grade.STABLE,
    "linked": Grade.STABLE,
    "batch": Grade.BATCH,
    "positional": Grade.POSITIONAL,
    "none": Grade.NONE,
}


def statement(truth: list[Happening], step: int, style: str, random: Random, first: int = 0) -> list[Row]:
    told = [one for one in truth if one.seen_from <= step and one.day >= first]
    random.shuffle(told)
    orders: Counter[int] = Counter()
    rows = []
    for place, one in enumerate(told):
        rows.append(one.stated(step, style, place, orders[one.day]))
        orders[one.day] += 1
    return rows


def content(rows: Any) -> Counter[Any]:
    return Counter((r.date, r.amount, r.text, r.status) for r in rows)


@given(happenings, st.sampled_from(sorted(GRADES)), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_complete_windows_end_as_the_truth_is_and_no_event_is_born_twice(
    truth: list[Happening], style: str, random: Random
) -> None:
    book = Book(GRADES[style])
    for step in range(7):
        rows = statement(truth, step, style, random)
        book.land(rows, [window(0, DAYS)])
        again = book.land(rows, [window(0, DAYS)])
        assert again.empty, again
        assert content(book.live()) == content(rows)
    assert book.events == len(truth)
    assert book.asked == 0


@given(happenings, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=100)
def test_pages_in_any_order_repeated_and_cut_anywhere_end_as_the_truth_is(
    truth: list[Happening], random: Random, size: int
) -> None:
    """A source with links between pending and booked rows, and no windows at all.

    Rows that wait have names of their own: without windows, a pending row and an equal booked one are taken for one.
    """
    truth = [replace(one, text=f"{one.number}zebra") if one.waits else one for one in truth]
    book = Book()
    for step in range(7):
        rows = statement(truth, step, "linked", random)
        pages = [rows[start : start + size] for start in range(0, len(rows), size)]
        for page in [*pages, *random.sample(pages, len(pages) // 2)]:
            book.land(page)
    assert content(book.live()) == content(statement(truth, 7, "linked", random))
    assert book.events == len(truth)


@given(happenings, st.sampled_from(["stable", "batch", "none"]), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_a_window_that_moves_withdraws_nothing_behind_it(
    truth: list[Happening], style: str, random: Random
) -> None:
    booked = [Happening(one.number, one.day, one.amount, one.text, 0, 0) for one in truth]
    book = Book(GRADES[style])
    for step in range(6):
        book.land(statement(booked, step, style, random, first=step * 3), [window(step * 3, DAYS)])
    assert Counter((h.date, h.amount, h.text) for h in book.live()) == Counter(
        (FIRST + timedelta(days=one.day), Decimal(one.amount), one.text) for one in booked
    )
    assert book.events == len(truth)


@given(happenings, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_a_file_and_a_feed_of_one_history_are_one_history_in_either_order(
    truth: list[Happening], file_first: bool, random: Random
) -> None:
    booked = [Happening(one.number, one.day, one.amount, one.text, 0, 0) for one in truth]
    book = Book(Grade.STABLE)
    feed, file = statement(booked, 0, "stable", random), statement(booked, 0, "none", random)
    span = (min((r.date for r in file), default=FIRST), max((r.date for r in file), default=FIRST))
    for _ in range(2):
        if file_first:
            book.land(file, source=2, from_file=True, span=span)
        book.land(feed, [window(0, DAYS)], source=1)
        book.land(file, source=2, from_file=True, span=span)
    assert book.events == len(truth)
    told = [held for held in book.live() if held.source == 1]
    assert content(told) == content(feed)
    assert not [held for held in book.held if held.state == State.GONE]
