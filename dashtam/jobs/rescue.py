"""Rescue of the jobs of dead workers."""

from datetime import timedelta

from django.db import connection

DEAD_AFTER = timedelta(seconds=30)  # a worker reports every ten seconds

# A job is looked at again once its row is locked, so two rescuers never give the same job back twice.
RESCUE = """
WITH orphaned AS (
    SELECT job.id FROM procrastinate_jobs job
    WHERE job.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers worker
        WHERE worker.id = job.worker_id AND worker.last_heartbeat > now() - make_interval(secs => %s)
    )
    FOR UPDATE OF job SKIP LOCKED
)
SELECT procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL) FROM orphaned
"""


def rescue_jobs() -> int:
    """Put the jobs of workers that are gone, or silent for DEAD_AFTER, back in their queues. Returns how many.

    Every task may be run again: each first claims the row it is about.
    """
    with connection.cursor() as cursor:
        cursor.execute(RESCUE, [DEAD_AFTER.total_seconds()])
        return int(cursor.rowcount)
