"""Gauges of the job queue, queried from the database."""

from collections.abc import Iterator, Sequence

from django.db import connection
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

HEARTBEAT_SECONDS = 60


def gauge(name: str, words: str, label: str, values: Sequence[tuple[str, float]]) -> Metric:
    """A gauge with one label: one number for each value of the label."""
    family = GaugeMetricFamily(f"dashtam_{name}", words, labels=[label])
    for value, number in values:
        family.add_metric([value], number)
    return family


def jobs() -> Iterator[Metric]:
    """Jobs by queue that are due and how long the oldest has waited, jobs by status, and the age of the heartbeat."""
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
    yield gauge("jobs_due", "Jobs whose time has come.", "queue", [(name, n) for name, n, _ in waiting])
    ages = [(name, float(age or 0)) for name, _, age in waiting]
    yield gauge("jobs_due_oldest_seconds", "How long the oldest of them has waited.", "queue", ages)
    yield gauge("jobs", "Jobs by what became of them.", "status", by_status)
    age = heartbeat_age()
    if age is not None:
        words = "Since a worker has last reported."
        yield GaugeMetricFamily("dashtam_worker_heartbeat_age_seconds", words, age)


def outgoing() -> Iterator[Metric]:
    """1 while no institution is called, because this database is a copy."""
    words = "Institutions are not called, because this database is a copy (manage.py resume_outgoing)."
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dashtam_installation WHERE outgoing_paused_at IS NOT NULL")
        (paused,) = cursor.fetchone()
    yield GaugeMetricFamily("dashtam_outgoing_paused", words, paused)


def backups() -> Iterator[Metric]:
    """Seconds since the last backup was made; nothing where none ever was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(backed_up_at)) FROM dashtam_installation")
        (age,) = cursor.fetchone()
    if age is not None:
        yield GaugeMetricFamily("dashtam_backup_age_seconds", "Since the last backup was made.", float(age))


def heartbeat_age() -> float | None:
    """Seconds since any worker has reported; None if none ever has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        (age,) = cursor.fetchone()
    return None if age is None else float(age)


def worker_is_alive() -> bool:
    """A worker has reported within the last HEARTBEAT_SECONDS; each reports every ten seconds."""
    age = heartbeat_age()
    return age is not None and age < HEARTBEAT_SECONDS
