"""Rescue of the jobs of dead workers, and another go for jobs that failed."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, connection, transaction

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

# The row is locked before it is changed: one that its own statement has changed is not returned, and so not counted.
AGAIN = """
WITH failed AS (SELECT id FROM procrastinate_jobs WHERE id = %s AND status = 'failed' FOR UPDATE)
SELECT procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL) FROM failed
"""


def rescue_jobs() -> int:
    """Put the jobs of workers that are gone, or silent for DEAD_AFTER, back in their queues. Returns how many.

    Every task may be run again: each first claims the row it is about.
    """
    with connection.cursor() as cursor:
        cursor.execute(RESCUE, [DEAD_AFTER.total_seconds()])
        return int(cursor.rowcount)


def run_again(ids: Iterable[int]) -> int:
    """Queue jobs that failed once more, each with its attempts so far; returns how many.

    A job whose like is queued already stays as it is.
    """
    return sum(map(_queue_again, ids))


def _queue_again(id: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(AGAIN, [id])
            return bool(cursor.rowcount == 1)
    except IntegrityError:
        return False
