"""What the database does at two million transactions and a hundred thousand connections: plans, in pages and rows.

`python -m tests.benchmarks.scale` is the process that measures, on the stack's own database, which it fills. Times
depend on the machine; pages of 8 kB that are touched do not, so these have the bounds. `--filled`: the rows are there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

if TYPE_CHECKING:
    from django.db.models import QuerySet

WAITING = 2_500  # runs that are queued while the questions are asked
MOST = 2_000  # pages for what is found by one index


@dataclass(frozen=True, slots=True)
class Question:
    """Something that Dashtam asks of its database, and how many pages that may touch."""

    id: str
    what: str
    pages: int
    ask: Callable[[], object]


def measure(scene: Scene) -> list[Row]:
    """All questions, one after the other, in a process of its own; the worker must not touch what is made."""
    scene.stack.end("worker")
    environment = {**os.environ, **scene.stack.environment, "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    environment["DATABASE_URL"] = scene.stack.environment["MIGRATION_DATABASE_URL"]
    command = [sys.executable, "-m", "tests.benchmarks.scale"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    *table, found = done.stdout.splitlines()
    print("\n".join(table))
    return [
        row(f"scale.{each['id']}", each["what"], each["pages"], "pages", yardstick=each["most"], at_most=1)
        for each in json.loads(found)
    ]


def main(*, filled: bool) -> None:
    """Fill, ask, and print a table and the figures."""
    import django

    django.setup()
    from django.db import connection

    from tests.benchmarks import scale_rows
    from tests.benchmarks.plans import cost_of

    connection.ensure_connection()
    user = scale_rows.heavy() if filled else scale_rows.fill()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        if not filled:
            cursor.execute("VACUUM ANALYZE")
    found: list[dict[str, Any]] = []
    print("| what is asked | by way of | rows | pages | ms |", "|---|---|--:|--:|--:|", sep="\n")
    for question in questions(user):
        cost = cost_of(question.ask)
        print(
            f"| {question.what} | {cost.way} | {cost.rows:,} | {cost.pages:,} | {cost.ms:,.1f} |", flush=True
        )
        found.append({"id": question.id, "what": question.what, "most": question.pages, **asdict(cost)})
    print("", "| table | rows | bytes a row |", "|---|--:|--:|", sep="\n")
    for name, count, size in _sizes():
        print(f"| {name} | {count:,} | {size:,} |")
    print(json.dumps(found))


def _sizes() -> list[tuple[str, int, int]]:
    """The large tables: rows, and what one takes on disk with all its indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint, pg_total_relation_size(oid) / reltuples::bigint"
            " FROM pg_class WHERE relkind = 'r' AND reltuples > 100000 ORDER BY reltuples DESC, relname"
        )
        return [(name, int(count), int(size)) for name, count, size in cursor.fetchall()]


def questions(user: UUID) -> Iterator[Question]:
    """The schedule first: it queues what the jobs are then asked about."""
    yield from _schedule()
    yield from _jobs()
    yield from _lists(user)
    yield from _ends()


def _schedule() -> Iterator[Question]:
    from django.utils import timezone

    from providers.connections.models import Connection
    from providers.gauges import connections
    from providers.sync.models import SyncRun

    now = timezone.now()
    runs, links = SyncRun.objects, Connection.objects
    yield Question("queue", "queue 200 of 20,000 overdue", 40_000, lambda: runs.queue_due(now, limit=200))
    while SyncRun.objects.filter(state="queued").count() < WAITING and runs.queue_due(now, limit=500):
        pass
    yield Question(
        "queue.full",
        "the same, with as many queued as may be",
        50_000,
        lambda: runs.queue_due(now, limit=200),
    )
    yield Question("stuck", "runs whose worker has died", 10_000, lambda: list(runs.stuck()[:200]))
    later = now + timedelta(minutes=6)
    yield Question("lost", "queued runs without a job", 15_000, lambda: runs.queue_lost(later))
    over = links.filter(state__in=Connection.SYNCABLE, consent_expires_at__lte=now)
    yield Question("consents", "consents that have ended", 200, lambda: list(over.values_list("id")))
    yield Question(
        "warnings", "consents that end soon, told to their people", 60_000, lambda: links.note_expiring(now)
    )
    yield Question("gauge", "connections by state, for the monitoring", 5_000, lambda: list(connections()))


def _jobs() -> Iterator[Question]:
    from django.db import connection

    from dashtam.jobs.ended import forget_some
    from dashtam.jobs.lanes import lanes
    from dashtam.jobs.rescue import rescue_jobs
    from dashtam.telemetry.gauges import jobs

    def fetch(queues: tuple[str, ...]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM procrastinate_fetch_job_v2(%s::varchar[], NULL)", [list(queues)])

    for lane in lanes():
        if lane.name in {"syncs", "mail"}:
            what = f"the next job of the lane “{lane.name}”"
            yield Question(f"job.{lane.name}", what, 2_000, lambda queues=lane.queues: fetch(queues))  # type: ignore[misc]
    yield Question("rescue", "jobs of dead workers", 2_000, rescue_jobs)
    yield Question("tidy", "jobs that ended days ago: a part of 1,000", 20_000, lambda: forget_some(after=0))
    yield Question("jobs", "jobs by state and queue, for the monitoring", 150_000, lambda: list(jobs()))


def _lists(user: UUID) -> Iterator[Question]:
    from decimal import Decimal

    from asgiref.sync import async_to_sync  # noqa: TID251 runs their statements on this thread, where they are explained
    from django.utils import timezone

    from accounts.queries import sessions
    from dashtam.api.paging import Page
    from providers.connections.queries import connections
    from providers.ledger.queries.accounts import accounts
    from providers.ledger.queries.net_worth import net_worth
    from providers.ledger.queries.transaction_sums import filter_choices, sums
    from providers.ledger.queries.transactions import TransactionFilters, transactions

    def listed(page: Page | None = None, **filters: Any) -> Callable[[], object]:
        return lambda: async_to_sync(transactions)(user, TransactionFilters(**filters), page or Page())

    day = timezone.now().date()
    deep = Page(50, ("2021-01-01", str(UUID(int=0))))
    yield Question("list", "transactions of one with a million: the newest 50", 100, listed())
    yield Question("list.deep", "the same, some 800,000 rows down", 200, listed(deep))
    yield Question(
        "list.days",
        "of three days",
        200,
        listed(start=day - timedelta(days=900), end=day - timedelta(days=897)),
    )
    yield Question(
        "filter.category", "of a category that has none", 60_000, listed(category="nothing of that name")
    )
    yield Question("filter.kind", "of a kind that has none", 60_000, listed(kind="dividend"))
    yield Question("filter.status", "pending ones, of which there are none", 60_000, listed(status="pending"))
    yield Question("filter.amount", "beyond any amount", 60_000, listed(min_amount=Decimal(10_000)))
    yield Question("search", "with words that none has", 5_000, listed(q="nowhere to be found"))
    yield Question("search.many", "with words that all have", 3_000, listed(q="corner shop"))
    yield Question(
        "sums",
        "sums of three days",
        500,
        lambda: async_to_sync(sums)(
            user, TransactionFilters(start=day - timedelta(days=900), end=day - timedelta(days=897))
        ),
    )
    yield Question("sums.all", "sums of more than are added up", 8_000, lambda: async_to_sync(sums)(user))
    yield Question("choices", "what there is to filter by", 500, lambda: async_to_sync(filter_choices)(user))
    yield Question("worth", "net worth by day, ninety days", 5_000, lambda: async_to_sync(net_worth)(user))
    yield Question("accounts", "accounts", 500, lambda: async_to_sync(accounts)(user))
    yield Question("connections", "connections", 500, lambda: async_to_sync(connections)(user))
    yield Question("sessions", "sessions", 100, lambda: async_to_sync(sessions)(user, session_id=user))


def _ends() -> Iterator[Question]:
    from django.utils import timezone

    from accounts.models import ApiKey, IdempotencyKey, Session, User
    from accounts.tasks import ending
    from dashtam.jobs.deletion import some_of
    from notifications.tasks import ending as mails
    from providers.imports.models import FileImport
    from providers.tasks import ending as synced

    now = timezone.now()
    yield Question(
        "end.keys",
        "idempotency keys to be deleted, a part of 5,000",
        MOST,
        lambda: some_of(IdempotencyKey.objects.long_over()),
    )
    for number, found in enumerate((*ending(), *mails(), *synced()), 1):
        yield _end(number, found)
    files = FileImport.objects
    yield Question(
        "end.findings",
        "old findings of imports",
        500,
        lambda: list(files.with_old_details(now).values_list("id")[:5000]),
    )
    yield Question(
        "end.previews",
        "previews nobody has confirmed",
        500,
        lambda: list(files.stale_previews(now).values_list("id")),
    )
    yield Question("end.leavers", "people whose days of grace are over", 50, User.objects.due_to_leave)
    yield Question(
        "end.surplus",
        "people with more sessions than anybody uses, once an hour",
        12_000,
        Session.objects.surplus,
    )
    yield Question("end.reminded", "API keys that soon expire", 50, ApiKey.objects.remind)


def _end(number: int, found: "QuerySet[Any]") -> Question:
    """Some tables are asked about twice, and some look into others for each row."""
    from dashtam.jobs.deletion import some_of

    name = str(found.model._meta.verbose_name_plural)
    most = {"sync runs": 40_000, "securities": 5_000, "users": 5_000}.get(name, MOST)
    what = f"{name} to be deleted, a part of 5,000"
    return Question(f"end.{number}.{name.replace(' ', '-')}", what, most, lambda: some_of(found))


if __name__ == "__main__":
    main(filled="--filled" in sys.argv)
