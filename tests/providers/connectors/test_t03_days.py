"""The time of a balance carries the zone in which its institution counts days."""

from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from providers.connectors.base import Connector
from providers.connectors.contract.facts import Facts
from tests.providers.ledger.test_ingest import account_record


class Western(Connector):
    """An institution in California that sends times in UTC."""

    facts: ClassVar[Facts] = Facts(time_zone="America/Los_Angeles")


def test_t03_a_balance_of_an_evening_in_california_is_of_that_day() -> None:
    record = account_record(as_of=datetime(2026, 2, 1, 4, tzinfo=UTC))
    assert Western().at_home(record).as_of.date().isoformat() == "2026-01-31"
    assert Connector().at_home(record).as_of.date().isoformat() == "2026-02-01"


def test_t03_a_time_with_an_offset_of_its_own_keeps_it() -> None:
    tokyo = timezone(timedelta(hours=9))
    record = account_record(as_of=datetime(2026, 2, 1, 4, tzinfo=tokyo))
    assert Western().at_home(record).as_of.date().isoformat() == "2026-02-01"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_t03_the_moment_stays_the_same(moment: datetime) -> None:
    home = Western().at_home(account_record(as_of=moment)).as_of
    assert home == moment
    assert home.replace(tzinfo=None) == moment.astimezone(ZoneInfo(Western.facts.time_zone)).replace(
        tzinfo=None
    )
