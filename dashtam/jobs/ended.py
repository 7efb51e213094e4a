"""Deletion of jobs that ended some days ago, in parts, without looking at the others."""

from django.db import connection

AT_ONCE = 1000

# Ids ascend with the moment at which a job was queued. A job that was queued within the last three days has not ended
# before them, nor has any with a higher id: there the walk ends, however long the table is.
_FORGET = """
WITH part AS (
    SELECT id FROM procrastinate_jobs WHERE id > %(after)s ORDER BY id LIMIT %(at_once)s
), dated AS MATERIALIZED (
    SELECT part.id, event.first_at, event.last_at FROM part CROSS JOIN LATERAL (
        SELECT min(at) AS first_at, max(at) AS last_at FROM procrastinate_events WHERE job_id = part.id) AS event
), deleted AS (
    DELETE FROM procrastinate_jobs AS job USING dated
    WHERE job.id = dated.id AND (
        job.status IN ('succeeded', 'cancelled', 'aborted') AND dated.last_at < now() - interval '3 days'
        OR job.status = 'failed' AND dated.last_at < now() - interval '30 days')
)
SELECT max(id) FROM dated HAVING coalesce(max(first_at), '-infinity') < now() - interval '3 days'"""


def forget_some(*, after: int) -> int | None:
    """Look at the next AT_ONCE jobs after that id: delete those that succeeded three days ago or failed thirty.

    Returns the id to go on from, None at the end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"after": after, "at_once": AT_ONCE})
        row = cursor.fetchone()
    return row[0] if row else None
