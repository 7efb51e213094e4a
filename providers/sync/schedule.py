"""Schedule: when a connection is read next, from the facts of its institution and from how the last run went."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from providers import connectors
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.facts import Facts
from providers.errors import ProviderError, QuotaSpent
from providers.sync.outcome import Outcome, State

FIRST_PAUSE = timedelta(minutes=2)
LAST_LOOK = timedelta(hours=1)  # before a consent ends, its data is read once more


def next_sync(connection: Connection, outcome: Outcome, interval: timedelta) -> datetime:
    """The time of the next run, with jitter, never before the provider's `retry_after`.

    After a success that is `interval` or the provider's cadence, whichever is longer; where new data is ready at an
    hour of its own, then; and once more shortly before the consent ends. After a failure it is sooner, with a pause
    that doubles each time.
    """
    now = timezone.now()
    facts: Facts = connectors.CONNECTORS.get(connection.provider, Connector).facts
    if isinstance(outcome.error, ProviderError):
        earliest = now + timedelta(seconds=outcome.error.retry_after or 0)
    else:
        earliest = now
    regular = _regular(facts, now, interval)
    waits = QuotaSpent.code in outcome.account_errors.values()
    if outcome.state is not State.SUCCEEDED and not waits:
        pause: timedelta = FIRST_PAUSE * 2 ** (0 if outcome.blameless else min(connection.failures, 16))
        return max(earliest, min(regular, now + pause * _jitter(0.2)))
    return max(earliest, min(regular, _last_look(connection.consent_expires_at, now) or regular))


def _regular(facts: Facts, now: datetime, interval: timedelta) -> datetime:
    if facts.ready is None:
        return now + max(interval, facts.cadence or interval) * _jitter(0.1)
    return ready_after(facts, now) + timedelta(minutes=30) * random.random()  # noqa: S311 spreads load, no secret


def ready_after(facts: Facts, now: datetime) -> datetime:
    """The next moment at which the institution has something new, by its own clock and on its own days."""
    ready = facts.ready
    if ready is None:
        return now
    here = now.astimezone(ZoneInfo(facts.time_zone))
    for ahead in range(8):
        day = here.date() + timedelta(days=ahead)
        moment = datetime.combine(day, ready.at, here.tzinfo).astimezone(UTC)
        if day.weekday() in ready.days and moment > now:
            return moment
    raise ValueError(ready)


def _last_look(end: datetime | None, now: datetime) -> datetime | None:
    if end is None or end - LAST_LOOK <= now:
        return None
    return end - LAST_LOOK


def _jitter(share: float) -> float:
    return random.uniform(1 - share, 1 + share)  # noqa: S311 spreads load, no secret
