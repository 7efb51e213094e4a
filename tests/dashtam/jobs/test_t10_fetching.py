"""Finding the next job, while thousands wait for the locks of many institutions."""

import json

import pytest
from django.db import connection as database

pytestmark = pytest.mark.django_db
WAITING, LOCKS = 3000, 1500
PAGES_OF_A_JOB = 5  # its row, the way down an index to its lock, and the first job that has it

_QUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status)
SELECT 'sync', 'one', 'lock ' || n %% %s, 'todo' FROM generate_series(1, %s) AS n
"""
_FETCH = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT procrastinate_fetch_job_v2(ARRAY['sync'], NULL)"


@pytest.mark.parametrize("analyzed", [False, True], ids=["statistics of an empty queue", "fresh statistics"])
def test_t10_a_fetch_looks_at_each_job_that_waits_once(analyzed: bool) -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE procrastinate_jobs")
        cursor.execute(_QUEUE, [LOCKS, WAITING])
        if analyzed:
            cursor.execute("ANALYZE procrastinate_jobs")
        for _ in range(3):  # with none, one and two locks taken
            cursor.execute(_FETCH)
            (told,) = cursor.fetchone() or (None,)
            [plan] = told if isinstance(told, list) else json.loads(str(told))
            assert (
                plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
                < PAGES_OF_A_JOB * WAITING
            )
        cursor.execute("SELECT count(*), count(DISTINCT lock) FROM procrastinate_jobs WHERE status = 'doing'")
        assert cursor.fetchone() == (3, 3)
