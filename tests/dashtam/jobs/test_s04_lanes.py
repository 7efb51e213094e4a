"""The lanes of a worker: which jobs it fetches while others wait or run."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.jobs.background import defer
from dashtam.jobs.lanes import lanes
from notifications.models import Email
from providers.connections.models import Connection
from providers.sync.due import by_hand_at_once
from providers.sync.models import SyncRun

pytestmark = pytest.mark.django_db
BEFORE_LANES = {
    "sync",
    "schedule",
    "consents",
    "mail",
    "exports",
    "default",
}  # rows of older versions have these
QUEUES = {lane.name: list(lane.queues) for lane in lanes()}


@pytest.fixture(autouse=True)
def an_empty_queue(db: None) -> None:
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def connections(ana: User) -> Callable[[str, int], list[Connection]]:
    """So many connections to one institution, all due."""

    def make(provider: str, count: int) -> list[Connection]:
        due = timezone.now() - timedelta(minutes=1)
        made = [
            Connection(user=ana, provider=provider, state="active", next_sync_at=due) for _ in range(count)
        ]
        return Connection.objects.bulk_create(made)

    return make


def queue_due() -> None:
    SyncRun.objects.queue_due(timezone.now(), limit=1000)


async def fetched(lane: str, *, at_most: int = 1000) -> list[Job]:
    """What a worker with endless places takes out of a lane, job after job; none of them ends."""
    manager = JobManager(DjangoConnector())
    worker = await manager.register_worker()
    jobs: list[Job] = []
    while len(jobs) < at_most:
        job = await manager.fetch_job(queues=QUEUES[lane], worker_id=worker)
        if job is None:
            break
        jobs.append(job)
    return jobs


def arguments(job: Job) -> dict[str, str]:
    return dict(json.loads(str(job.task_kwargs)))  # Django's connection leaves JSON as it is


def provider_of(job: Job) -> str:
    return Connection.objects.get(sync_runs__id=arguments(job)["run_id"]).provider


def test_s04_each_queue_has_one_lane_and_those_of_older_versions_too() -> None:
    served = Counter(queue for lane in lanes() for queue in lane.queues)
    assert set(served.values()) == {1}
    own = {task.queue for name, task in app.tasks.items() if not name.startswith("tests.")}
    assert own | BEFORE_LANES | {"imports"} <= set(served)


async def test_s04_a_mail_does_not_wait_behind_a_backlog_of_syncs(
    ana: User, connections: Callable[[str, int], list[Connection]]
) -> None:
    await run_db(connections, "sandbox", 100)
    await run_db(queue_due)
    await run_db(
        lambda: Email.objects.queue(
            user_id=ana.id, to=ana.email, kind="export_ready", context={"when": "now"}
        )
    )
    assert [job.task_name for job in await fetched("mail")] == ["notifications.tasks.deliver_email"]


async def test_s04_syncs_of_one_institution_leave_room_for_those_of_others(
    connections: Callable[[str, int], list[Connection]],
) -> None:
    await run_db(connections, "slow", 60)
    await run_db(queue_due)
    await run_db(connections, "fast", 60)
    await run_db(queue_due)
    found = Counter([await run_db(provider_of, job) for job in await fetched("syncs")])
    assert 0 < found["slow"] <= settings.SYNCS_AT_ONCE
    assert 0 < found["fast"] <= settings.SYNCS_AT_ONCE


async def test_s04_a_person_who_asks_does_not_wait_for_the_schedule(
    connections: Callable[[str, int], list[Connection]],
) -> None:
    waiting = await run_db(connections, "sandbox", 30)
    await run_db(queue_due)
    await fetched("syncs")
    scheduled = await SyncRun.objects.aget(connection=waiting[-1])
    for _ in range(2):  # asking twice changes nothing
        run = await run_db(SyncRun.objects.request, connection_id=waiting[-1].id, trigger="manual")
        assert (run.id, run.trigger) == (scheduled.id, "manual")
    assert [arguments(job) for job in await fetched("by_hand")] == [{"run_id": str(scheduled.id)}]


async def test_s04_syncs_by_hand_of_one_institution_are_few_at_once(
    connections: Callable[[str, int], list[Connection]],
) -> None:
    for connection in await run_db(connections, "slow", 30):
        await run_db(SyncRun.objects.request, connection_id=connection.id, trigger="manual")
    assert 0 < len(await fetched("by_hand")) <= by_hand_at_once()


async def test_s04_a_queued_job_of_an_older_version_is_fetched() -> None:
    await run_db(lambda: defer("providers.tasks.run_sync", run_id="01900000-0000-7000-8000-000000000000"))
    assert len(await fetched("syncs")) == 1
