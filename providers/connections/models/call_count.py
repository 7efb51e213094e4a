"""Counts of the calls that an institution allows, for an installation, a grant or an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection as database
from django.db import models, transaction
from django.utils import timezone

from providers.connections.models.connection import Connection
from providers.connectors.contract.facts import Quota
from providers.errors import QuotaSpent

# One statement, so that two workers can never both take the last call.
_TAKE = """
INSERT INTO providers_callcount AS held (key, connection_id, account, seconds, calls, ends_at)
VALUES (%(key)s, %(connection)s, %(account)s, %(seconds)s, 1, %(now)s + %(per)s)
ON CONFLICT (key) DO UPDATE SET
    calls = CASE WHEN held.ends_at <= %(now)s THEN 1 ELSE held.calls + 1 END,
    ends_at = CASE WHEN held.ends_at <= %(now)s THEN %(now)s + %(per)s ELSE held.ends_at END
WHERE held.ends_at <= %(now)s OR held.calls < %(allowed)s
RETURNING calls
"""


@dataclass(frozen=True, slots=True)
class Counter:
    """One quota of one connection: its key, and the calls of it that this run may use."""

    key: str
    connection_id: UUID | None
    account: str
    quota: Quota
    allowed: int


def reserve(quota: Quota) -> int:
    """The calls that runs of the schedule leave to the person's own updates: a sixth, and at least one."""
    return max(1, quota.calls // 6)


def seconds(quota: Quota) -> int:
    """The length of its window."""
    return round(quota.per.total_seconds())


class CallCountManager(models.Manager["CallCount"]):
    """Counts calls before they are made."""

    @transaction.atomic
    def take(self, counters: Sequence[Counter]) -> None:
        """Count one call in each. Raises QuotaSpent, with the time until the window ends, and counts none."""
        for counter in sorted(counters, key=lambda each: each.key):
            arguments: dict[str, Any] = {
                "key": counter.key,
                "connection": counter.connection_id,
                "account": counter.account,
                "seconds": seconds(counter.quota),
                "now": timezone.now(),
                "per": counter.quota.per,
                "allowed": counter.allowed,
            }
            with database.cursor() as cursor:
                cursor.execute(_TAKE, arguments)
                taken = cursor.fetchone()
            if taken is None:
                ends_at = self.filter(key=counter.key).values_list("ends_at", flat=True).first()
                raise QuotaSpent.until(ends_at or timezone.now() + counter.quota.per)

    def correct(self, counter: Counter, left: int, ends_at: datetime | None) -> None:
        """Believe the institution: so many calls are left, until then."""
        calls = max(0, counter.quota.calls - left)
        changes: dict[str, Any] = {"calls": calls} | ({"ends_at": ends_at} if ends_at else {})
        self.filter(key=counter.key).exclude(**changes).update(**changes)

    def over(self) -> models.QuerySet["CallCount"]:
        """Windows that ended long ago."""
        return self.filter(ends_at__lt=timezone.now() - timedelta(days=7))


class CallCount(models.Model):
    """The calls made in one window; `account` is empty where a whole grant or installation is counted."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=400, unique=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="call_counts"
    )
    account = models.CharField(max_length=255, blank=True)
    seconds = models.PositiveIntegerField(help_text="The length of the window.")
    calls = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    objects: ClassVar[CallCountManager] = CallCountManager()

    def __str__(self) -> str:
        return f"calls {self.id}"
