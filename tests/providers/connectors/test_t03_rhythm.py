"""A figure is overdue by the rhythm of its source: files never by the clock, prices not on days without a market."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import connectors
from providers.connectors.contract.facts import MONDAY_TO_FRIDAY, Rhythm, overdue

FRIDAY_CLOSE = datetime(2026, 11, 27, 21, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
pauses = st.timedeltas(timedelta(0), timedelta(days=60))
rhythms = st.builds(
    Rhythm, st.timedeltas(timedelta(hours=1), timedelta(days=9)), st.sets(st.integers(0, 6), min_size=1)
)


@pytest.mark.parametrize(
    ("hours", "overdue"),
    [(1, False), (30, False), (60, False), (72, False), (95, False), (119, False), (121, True), (500, True)],
)
def test_t03_prices_wait_for_days_with_a_market(hours: int, overdue: bool) -> None:
    """Seventy-two hours of Friday's rest, Monday, Tuesday, Wednesday: a long weekend of two holidays fits in."""
    assert (
        connectors.prices_overdue("sandbox", FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(hours=hours)) is overdue
    )


@pytest.mark.parametrize(("hours", "overdue"), [(23, False), (25, True)])
def test_t03_balances_of_a_bank_are_due_each_day(hours: int, overdue: bool) -> None:
    assert (
        connectors.balances_overdue("sandbox", FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(hours=hours)) is overdue
    )


def test_t03_files_are_never_overdue_by_the_clock() -> None:
    files = [slug for slug, connector in connectors.CONNECTORS.items() if connector.auth == "file"]
    assert files
    for slug in files:
        late = FRIDAY_CLOSE + timedelta(days=4000)
        assert not connectors.balances_overdue(slug, FRIDAY_CLOSE, late)
        assert not connectors.prices_overdue(slug, FRIDAY_CLOSE, late)


def test_t03_what_was_never_read_is_not_overdue_and_a_connector_that_is_gone_has_the_usual_rhythm() -> None:
    assert not connectors.balances_overdue("sandbox", None, FRIDAY_CLOSE)
    assert connectors.balances_overdue("gone", FRIDAY_CLOSE, FRIDAY_CLOSE + timedelta(days=2))


@given(moments, pauses, rhythms)
def test_t03_without_days_to_wait_for_only_the_age_counts(
    as_of: datetime, age: timedelta, each: Rhythm
) -> None:
    assert overdue(Rhythm(each.every), as_of, as_of + age) is (each.every is not None and age > each.every)


@given(moments, pauses, pauses, rhythms)
def test_t03_what_is_overdue_stays_overdue(
    as_of: datetime, age: timedelta, more: timedelta, each: Rhythm
) -> None:
    if overdue(each, as_of, as_of + age):
        assert overdue(each, as_of, as_of + age + more)


@given(moments, pauses, rhythms)
def test_t03_time_counts_on_the_days_of_the_rhythm_alone(
    as_of: datetime, age: timedelta, each: Rhythm
) -> None:
    minute = timedelta(minutes=1)
    as_of, age = as_of.replace(second=0, microsecond=0), age // minute * minute
    quarter = timedelta(minutes=30)
    counted = sum(
        (min(quarter, as_of + age - moment) for moment in _steps(as_of, as_of + age, quarter)
         if moment.weekday() in each.days),
        timedelta(0),
    )  # fmt: skip
    assert each.every is not None
    if abs(counted - each.every) > quarter:
        assert overdue(each, as_of, as_of + age) is (counted > each.every)


def _steps(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + step * number for number in range(-(-(end - start) // step))]


def test_t03_a_market_has_five_days() -> None:
    assert sorted(MONDAY_TO_FRIDAY) == [0, 1, 2, 3, 4]
