"""The schedule with many connections: what is due waits where it costs nothing, and nobody is overlooked in a crowd."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from notifications.models import Email
from providers.connections.models import Connection
from providers.sync.models import SyncRun

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def connect(user: User, provider: str, number: int, **more: Any) -> list[Connection]:
    """So many connections, each due a second after the one before."""
    first = timezone.now() - timedelta(hours=1)
    return Connection.objects.bulk_create(
        Connection(
            **{
                "user": user,
                "provider": provider,
                "state": "active",
                "next_sync_at": first + timedelta(seconds=n),
            }
            | more
        )
        for n in range(number)
    )


def schedule(limit: int = 200) -> int:
    """One look of the schedule."""
    now, queued = timezone.now(), 0
    while batch := SyncRun.objects.queue_due(now, limit=limit):
        queued += batch
    return queued


def jobs() -> list[str]:
    with database.cursor() as cursor:
        cursor.execute("SELECT lock FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'sync'")
        return [lock for (lock,) in cursor.fetchall()]


def test_t15_of_a_crowd_at_one_institution_those_due_the_longest_are_queued(ana: User, settings: Any) -> None:
    settings.SYNCS_AT_ONCE = 1
    crowd = connect(ana, "crowded", 130)
    connect(ana, "quiet", 5, next_sync_at=timezone.now() - timedelta(seconds=1))
    assert [schedule(), schedule()] == [105, 0]
    queued = set(SyncRun.objects.values_list("connection_id", flat=True))
    assert {each.id for each in crowd[:100]} <= queued
    assert {lock.rpartition(":")[0] for lock in jobs()} == {"sync:crowded", "sync:quiet"}
    SyncRun.objects.filter(connection=crowd[0]).update(state="succeeded", finished_at=timezone.now())
    Connection.objects.filter(id=crowd[0].id).update(next_sync_at=timezone.now() + DAY)
    assert schedule() == 1
    assert SyncRun.objects.filter(connection=crowd[100]).exists()


def test_t15_queueing_costs_a_few_statements_however_many_are_due(ana: User) -> None:
    connect(ana, "sandbox", 60)
    with CaptureQueriesContext(database) as few:
        assert SyncRun.objects.queue_due(timezone.now(), limit=200) == 60
    assert len(few) < 15
    assert len(jobs()) == 60


def test_t15_a_run_that_was_lost_is_found_behind_any_number_that_wait(ana: User) -> None:
    connect(ana, "sandbox", 505)
    assert schedule() == 505
    lost = SyncRun.objects.latest("id")
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queueing_lock = %s", [f"sync:{lost.id}"])
    later = timezone.now() + SyncRun.LOST_AFTER + timedelta(seconds=1)
    with CaptureQueriesContext(database) as few:
        assert SyncRun.objects.queue_lost(later) == 1
    assert len(few) < 10
    assert len(jobs()) == 505
    assert SyncRun.objects.queue_lost(later) == 0


def test_t15_a_person_is_told_in_time_however_many_consents_end_later(ana: User) -> None:
    now = timezone.now()
    clock = {"consent_given_at": now - 78 * DAY, "consent_expires_at": now + 12 * DAY}
    near_end = {"consent_given_at": now - 85 * DAY, "consent_expires_at": now + 5 * DAY}
    (near,) = connect(ana, "sandbox", 1, **near_end)
    connect(ana, "sandbox", 505, **clock)
    assert Connection.objects.note_expiring(now) == 1
    near.refresh_from_db()
    assert near.state == "expiring"
    assert Email.objects.filter(user=ana, kind="connection_needs_attention").count() == 1
