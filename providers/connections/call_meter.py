"""CallMeter: counts a connection's calls against the quotas that its institution states."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.connections.models import CallCount, Connection
from providers.connections.models.call_count import Counter, reserve, seconds
from providers.connectors.base import Connector
from providers.connectors.contract.facts import Quota

EPOCH = 1_000_000_000  # from here on a reset is a moment, not a number of seconds


class CallMeter:
    """Takes one call of each quota before a request. Runs of the schedule leave a reserve to the person."""

    def __init__(self, *, connection: Connection, connector: Connector, by_hand: bool) -> None:
        self.connection = connection
        self.connector = connector
        self.by_hand = by_hand

    async def take(self, account: str = "") -> None:
        """Count a request, for the account that it names, if any. Raises QuotaSpent if it may not be made now."""
        counters = self._counters(account)
        if counters:
            await run_db(CallCount.objects.take, counters)

    async def heed(self, headers: Mapping[str, str]) -> None:
        """Correct the count of the grant by what the answer's headers say is left."""
        left = _number(headers, "X-RateLimit-Remaining", "RateLimit-Remaining")
        own = [counter for counter in self._counters("") if counter.quota.of == "grant"]
        if left is None or not own:
            return
        reset = _number(headers, "X-RateLimit-Reset", "RateLimit-Reset")
        counter = min(own, key=lambda each: each.quota.per)
        await run_db(CallCount.objects.correct, counter, left, _moment(reset, counter.quota))

    def _counters(self, account: str) -> list[Counter]:
        quotas = self.connector.facts.quotas
        return [self._counter(quota, account[:255]) for quota in quotas if quota.of != "account" or account]

    def _counter(self, quota: Quota, account: str) -> Counter:
        whose = self.connection.provider if quota.of == "installation" else str(self.connection.id)
        counted = account if quota.of == "account" else ""
        key = f"{quota.of}:{whose}:{seconds(quota)}:{counted}"
        allowed = quota.calls if self.by_hand else quota.calls - reserve(quota)
        owner = None if quota.of == "installation" else self.connection.id
        return Counter(key[:400], owner, counted, quota, allowed)


def _number(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        value = headers.get(name, "")
        if value.isascii() and value.isdigit() and len(value) < 12:
            return int(value)
    return None


def _moment(reset: int | None, quota: Quota) -> datetime | None:
    """The end of the window, no later than it can be."""
    if reset is None:
        return None
    now = timezone.now()
    moment = datetime.fromtimestamp(reset, UTC) if reset > EPOCH else now + timedelta(seconds=reset)
    return min(max(moment, now), now + quota.per)
