"""The clock and the budget of a connection: from the facts of its institution, and what its headers say."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from accounts.models import User
from providers.connections import queries
from providers.connections.call_meter import CallMeter
from providers.connections.models import CallCount, Connection
from providers.connectors.contract.facts import MONDAY_TO_FRIDAY, Facts, Quota, Ready
from providers.errors import ProviderRateLimited, QuotaSpent
from providers.sync.outcome import Outcome
from providers.sync.schedule import next_sync, ready_after
from tests.providers.connectors import toys

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Counting(toys.Toy):
    """An institution with a clock and quotas."""

    facts: ClassVar[Facts] = Facts(
        cadence=DAY, quotas=(Quota(24, DAY), Quota(4, DAY, of="account")), time_zone="America/New_York"
    )


@pytest.fixture
def connection(ana: User) -> Any:
    with toys.registered(Counting()):
        yield Connection.objects.create(user_id=ana.id, provider="toy", state="active")


def meter(connection: Connection, *, by_hand: bool) -> CallMeter:
    return CallMeter(connection=connection, connector=Counting(), by_hand=by_hand)


async def calls(connection: Connection, *, by_hand: bool, account: str = "") -> int:
    """How many calls are let through, of fifty."""
    for made in range(50):
        try:
            await meter(connection, by_hand=by_hand).take(account)
        except QuotaSpent:
            return made
    return 50


async def test_t12_the_schedule_leaves_a_reserve_to_the_person(connection: Connection) -> None:
    assert await calls(connection, by_hand=False, account="one") == 3
    assert await calls(connection, by_hand=True, account="one") == 1
    assert await calls(connection, by_hand=True, account="two") == 4, "each account has its own"
    assert await calls(connection, by_hand=False) == 12, "24 less a sixth less the 8 that were made"
    assert await calls(connection, by_hand=True) == 4
    told = (await queries.connection(connection.user_id, connection.id))["quotas"]
    assert [(each["of"], each["left"], each["reserved"]) for each in told] == [
        ("grant", 0, 4),
        ("account", 0, 1),
    ]


async def test_t12_a_refused_call_is_counted_nowhere(connection: Connection) -> None:
    await calls(connection, by_hand=True, account="one")
    whole = await CallCount.objects.aget(connection=connection, account="")
    assert whole.calls == 4


async def test_t12_a_window_that_has_ended_counts_nothing(connection: Connection) -> None:
    assert await calls(connection, by_hand=True, account="one") == 4
    await CallCount.objects.aupdate(ends_at=timezone.now() - HOUR)
    told = (await queries.connection(connection.user_id, connection.id))["quotas"]
    assert [(each["left"], each["resets_at"]) for each in told] == [(24, None), (4, None)]
    assert await calls(connection, by_hand=True, account="one") == 4


async def test_t12_headers_of_the_institution_are_believed(connection: Connection) -> None:
    await meter(connection, by_hand=True).take()
    headers = {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "600"}
    await meter(connection, by_hand=True).heed(headers)
    told = (await queries.connection(connection.user_id, connection.id))["quotas"][0]
    assert told["left"] == 1
    assert told["resets_at"] is not None
    assert told["resets_at"] <= timezone.now() + timedelta(seconds=600)
    assert await calls(connection, by_hand=True) == 1


def test_t12_runs_keep_the_cadence_of_the_institution(connection: Connection) -> None:
    planned = next_sync(connection, Outcome(accounts_done=1), HOUR) - timezone.now()
    assert 0.9 * DAY - HOUR < planned < 1.1 * DAY


def test_t12_the_last_look_is_shortly_before_the_consent_ends(connection: Connection) -> None:
    connection.consent_expires_at = timezone.now() + 5 * HOUR
    planned = next_sync(connection, Outcome(accounts_done=1), HOUR)
    assert planned == connection.consent_expires_at - HOUR


def test_t12_a_spent_quota_is_no_failure_and_waits_for_its_window(connection: Connection) -> None:
    end = timezone.now() + 7 * HOUR
    outcome = Outcome(error=QuotaSpent.until(end))
    assert outcome.blameless
    assert next_sync(connection, outcome, HOUR) >= end
    some = Outcome(account_errors={"one": QuotaSpent.code}, accounts_done=1)
    assert next_sync(connection, some, HOUR) > timezone.now() + 20 * HOUR


def test_t12_the_institutions_wish_to_wait_is_kept(connection: Connection) -> None:
    outcome = Outcome(error=ProviderRateLimited(retry_after=3600))
    assert next_sync(connection, outcome, HOUR) >= timezone.now() + 0.99 * HOUR


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-27 12:00", "2026-11-30 11:30"),  # Friday after the hour: Monday, New York has winter time
        ("2026-11-30 11:00", "2026-11-30 11:30"),
        ("2026-11-30 11:30", "2026-12-01 11:30"),
        ("2026-07-01 09:00", "2026-07-01 10:30"),
    ],
)
def test_t12_new_data_is_fetched_when_it_is_there(now: str, then: str) -> None:
    facts = Facts(ready=Ready(time(6, 30), MONDAY_TO_FRIDAY), time_zone="America/New_York")
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert ready_after(facts, moment) == datetime.fromisoformat(then).replace(tzinfo=UTC)
