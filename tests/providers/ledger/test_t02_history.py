"""Balances worked out from rows are those that were, and there are none over days of which not all rows are known."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from providers.ledger.history import Moved, Period, Stated, covered, worked_out

START = date(2026, 1, 1)
LENGTH = 30
JANUARY = Period(START, date(2026, 1, 31))


def day(number: int) -> date:
    return START + timedelta(days=number)


def rows(**amounts: str) -> list[Moved]:
    return [Moved(day(int(name[1:])), Decimal(amount)) for name, amount in amounts.items()]


def test_t02_balances_go_back_to_the_day_before_the_period() -> None:
    found = worked_out([Stated(day(30), Decimal(100))], rows(d3="-10", d20="50", d30="1"), [JANUARY])
    assert found == [(day(-1), Decimal(59)), (day(3), Decimal(49)), (day(20), Decimal(99))]


def test_t02_nothing_is_worked_out_over_a_gap() -> None:
    moved = rows(d2="-10", d20="50")
    assert worked_out(
        [Stated(day(25), Decimal(100))], moved, [Period(day(0), day(3)), Period(day(15), day(25))]
    ) == [
        (day(14), Decimal(50)),
        (day(20), Decimal(100)),
    ]
    assert worked_out([Stated(day(27), Decimal(100))], moved, [Period(day(15), day(25))]) == []
    assert worked_out([], moved, [JANUARY]) == []


def test_t02_between_two_stated_balances_rows_that_add_up_need_no_period() -> None:
    stated = [Stated(day(1), Decimal(10)), Stated(day(9), Decimal(30))]
    assert worked_out(stated, rows(d4="15", d9="5"), []) == [(day(4), Decimal(25))]


def test_t02_rows_that_contradict_a_stated_balance_prove_nothing() -> None:
    stated = [Stated(day(1), Decimal(10)), Stated(day(9), Decimal(31))]
    assert worked_out(stated, rows(d4="15", d9="5"), [Period(day(1), day(30))]) == [(day(0), Decimal(10))]


def test_t02_rows_that_came_after_a_balance_on_its_own_day_are_not_in_it() -> None:
    moved = [Moved(day(1), Decimal(7), later=Decimal(3)), Moved(day(4), Decimal(15))]
    stated = [Stated(day(1), Decimal(10)), Stated(day(9), Decimal(28))]
    assert worked_out(stated, moved, []) == [(day(4), Decimal(28))]


def test_t02_a_row_in_another_currency_ends_what_can_be_known() -> None:
    moved = [*rows(d2="-10"), Moved(day(5), Decimal(7), clear=False), *rows(d8="1")]
    assert worked_out([Stated(day(9), Decimal(100))], moved, [JANUARY]) == [
        (day(5), Decimal(99)),
        (day(8), Decimal(100)),
    ]


def test_t02_a_statement_covers_what_it_says_but_no_years_without_a_row() -> None:
    assert covered(day(0), day(30), (day(3), day(20))) == JANUARY
    assert covered(None, None, (day(3), day(20))) == Period(day(3), day(20))
    assert covered(date(1970, 1, 1), day(30), (day(3), day(20))) == Period(day(3 - 31), day(30))
    assert covered(day(5), day(6), (day(3), day(20))) == Period(day(3), day(20))
    assert covered(day(0), day(30), None) is None


# Powers of three: no sum of some rows is the sum of others, so that nothing adds up by chance.
amounts = st.lists(st.integers(0, LENGTH), max_size=10).map(
    lambda days: {each: Decimal(3) ** number for number, each in enumerate(sorted(set(days)))}
)
spans = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(sorted), max_size=3)


@given(amounts, st.sets(st.integers(0, LENGTH), max_size=4), spans, st.data())
def test_t02_what_is_worked_out_is_what_was(
    moves: dict[int, Decimal], told: set[int], pairs: Any, data: Any
) -> None:
    periods = [Period(day(first), day(last)) for first, last in pairs]
    hidden = {each for each in moves if not any(first <= each <= last for first, last in pairs)}
    hidden = {each for each in hidden if data.draw(st.booleans())}
    truth = {n: sum((moves[each] for each in moves if each <= n), Decimal(5)) for n in range(-1, LENGTH + 1)}
    seen = [Moved(day(each), moves[each]) for each in sorted(moves) if each not in hidden]
    found = worked_out([Stated(day(n), truth[n]) for n in sorted(told)], seen, periods)
    assert all(truth[(each - START).days] == amount for each, amount in found)
    assert not {each for each, _ in found} & {day(n) for n in told}


@given(amounts, st.sets(st.integers(0, LENGTH), min_size=1, max_size=4))
def test_t02_where_all_is_covered_each_day_with_rows_has_its_balance(
    moves: dict[int, Decimal], told: set[int]
) -> None:
    truth = {n: sum((moves[each] for each in moves if each <= n), Decimal(5)) for n in range(-1, LENGTH + 1)}
    stated = [Stated(day(n), truth[n]) for n in sorted(told)]
    seen = [Moved(day(each), moves[each]) for each in sorted(moves)]
    found = {each for each, _ in worked_out(stated, seen, [Period(day(0), day(LENGTH))])}
    assert found >= {day(n) for n in moves if n < max(told) and n not in told}
    assert day(-1) in found
