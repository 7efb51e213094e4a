"""What waits in the job queue, as numbers."""

from collections.abc import Iterator, Sequence

from django.db import connection
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily


def gauge(name: str, words: str, label: str, values: Sequence[tuple[str, float]]) -> Metric:
    """A number for each value of a label; Prometheus wants each label named once."""
    family = GaugeMetricFamily(f"dashtam_{name}", words, labels=[label])
    for value, number in values:
        family.add_metric([value], number)
    return family


def jobs() -> Iterator[Metric]:
    """By queue: how many wait whose time has come, and for how long the oldest has."""
    due = "status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT queue_name, count(*), extract(epoch FROM now() - min(coalesce(scheduled_at, queued.at)))"  # noqa: S608
            " FROM procrastinate_jobs LEFT JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events"
            "  WHERE job_id = procrastinate_jobs.id AND type = 'deferred') queued ON true"
            f" WHERE {due} GROUP BY queue_name ORDER BY queue_name"
        )
        waiting = cursor.fetchall()
        cursor.execute("SELECT status, count(*) FROM procrastinate_jobs GROUP BY status ORDER BY status")
        by_status = cursor.fetchall()
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        (heartbeat,) = cursor.fetchone()
    yield gauge("jobs_due", "Jobs whose time has come.", "queue", [(name, n) for name, n, _ in waiting])
    ages = [(name, float(age or 0)) for name, _, age in waiting]
    yield gauge("jobs_due_oldest_seconds", "How long the oldest of them has waited.", "queue", ages)
    yield gauge("jobs", "Jobs by what became of them.", "status", by_status)
    if heartbeat is not None:
        words = "Since a worker has last reported."
        yield GaugeMetricFamily("dashtam_worker_heartbeat_age_seconds", words, float(heartbeat))
