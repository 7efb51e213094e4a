"""The threads for the database: how many wait, for how long, and on what kind of connection."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from dashtam.bridge.database import DatabaseBusy, DatabaseThreads
from dashtam.bridge.doors import run_db

pytestmark = pytest.mark.django_db

MakeThreads = Callable[..., DatabaseThreads]


@pytest.fixture
def make_threads() -> Iterator[MakeThreads]:
    """Pools that leave no connection behind."""
    made: list[DatabaseThreads] = []

    def make(*, threads: int = 1, queue: int = 10) -> DatabaseThreads:
        made.append(DatabaseThreads(threads=threads, queue=queue))
        return made[-1]

    yield make
    for pool in made:
        everybody = threading.Barrier(pool.size)

        def close(everybody: threading.Barrier = everybody) -> None:
            everybody.wait(timeout=30)
            connection.close()

        for job in [pool.submit(close) for _ in range(pool.size)]:
            job.result(timeout=30)


def occupy(pool: DatabaseThreads) -> threading.Event:
    """Keep one thread busy until the event is set."""
    begun, enough = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        enough.wait(timeout=30)

    pool.submit(work)
    assert begun.wait(timeout=30)
    return enough


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end_backend(pid: int) -> None:
    """As a restart of PostgreSQL does to every connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_one_job_after_the_other_is_done_by_few_of_the_threads(make_threads: MakeThreads) -> None:
    pool = make_threads(threads=8)
    did = Counter(pool.submit(threading.get_ident).result(timeout=30) for _ in range(80))
    # Two take turns when one has not yet sat down before the next job comes.
    assert sum(times for _, times in did.most_common(2)) > 40


def test_who_finds_the_queue_full_is_refused_at_once(make_threads: MakeThreads) -> None:
    pool = make_threads(queue=2)
    enough = occupy(pool)
    waiting = [pool.submit(int) for _ in range(2)]
    with pytest.raises(DatabaseBusy) as refused:
        pool.submit(int)
    assert (refused.value.status, refused.value.retry_after) == (503, 2)
    enough.set()
    assert [job.result(timeout=30) for job in waiting] == [0, 0]
    assert pool.submit(int).result(timeout=30) == 0


def test_who_has_waited_long_enough_is_refused_and_never_served(make_threads: MakeThreads) -> None:
    pool = make_threads()
    enough = occupy(pool)
    served = threading.Event()
    late = pool.submit(served.set)
    pool.start_watchdog(wait_seconds=0.01, work_seconds=60)
    with pytest.raises(DatabaseBusy):
        late.result(timeout=30)
    enough.set()
    assert pool.submit(int).result(timeout=30) == 0
    assert not served.is_set()


def test_work_that_nobody_waits_for_any_more_is_not_begun(make_threads: MakeThreads) -> None:
    pool = make_threads()
    enough = occupy(pool)
    served = threading.Event()
    job: Future[None] = pool.submit(served.set)
    assert job.cancel()
    enough.set()
    assert pool.submit(int).result(timeout=30) == 0
    assert not served.is_set()


def test_a_statement_without_end_costs_its_connection_and_frees_its_thread(make_threads: MakeThreads) -> None:
    pool = make_threads()
    before = pool.submit(backend).result(timeout=30)

    def hang() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1)")

    hanging = pool.submit(hang)
    pool.start_watchdog(wait_seconds=60, work_seconds=0.05)
    with pytest.raises(OperationalError):
        hanging.result(timeout=30)
    assert pool.submit(backend).result(timeout=30) != before


def test_t15_the_watch_over_statements_sleeps_while_there_are_none_and_wakes_for_the_next(
    make_threads: MakeThreads,
) -> None:
    pool = make_threads()
    pool.start_watchdog(wait_seconds=60, work_seconds=0.05)
    for _ in range(3):
        before = pool.submit(backend).result(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")  # longer than the watch waits for more

        def hang() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(30)")

        with pytest.raises(OperationalError):
            pool.submit(hang).result(timeout=20)
        assert pool.submit(backend).result(timeout=30) != before


def test_t15_a_thread_without_work_hangs_up_where_memory_is_spared(make_threads: MakeThreads) -> None:
    pool, wasteful = make_threads(), make_threads()
    pool.spare_connections(after=0.01)
    pid, kept = (each.submit(backend).result(timeout=30) for each in (pool, wasteful))
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot()"
            )  # or each look of a transaction is the first one again
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid IN (%s, %s)", [pid, kept])
            if cursor.fetchall() == [(kept,)]:
                break
    assert pool.submit(backend).result(timeout=30) != pid
    assert wasteful.submit(backend).result(timeout=30) == kept


def test_a_connection_that_was_ended_while_idle_is_replaced(make_threads: MakeThreads) -> None:
    pool = make_threads(threads=2)
    for _ in range(4):
        pid = pool.submit(backend).result(timeout=30)
        end_backend(pid)
        assert pool.submit(backend).result(timeout=30) != pid


def test_a_connection_that_breaks_in_the_middle_is_replaced_after_it(make_threads: MakeThreads) -> None:
    pool = make_threads()

    def broken() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            connection.connection.pgconn.finish()
            cursor.execute("SELECT 1")

    with pytest.raises((OperationalError, psycopg.Error)):
        pool.submit(broken).result(timeout=30)
    assert pool.submit(backend).result(timeout=30)


# --- transactions that meet --------------------------------------------------------------------------


class Meeting:
    """Work that PostgreSQL takes back so many times."""

    def __init__(self, times: int, state: str) -> None:
        self.left = times
        self.state = state
        self.begun = 0

    def __call__(self) -> str:
        self.begun += 1
        with transaction.atomic(), connection.cursor() as cursor:
            if self.left:
                self.left -= 1
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '{self.state}'; END $$")
        return "done"


@pytest.mark.django_db(transaction=True)
async def test_transactions_that_meet_are_repeated_at_most_three_times() -> None:
    for state in ("40001", "40P01"):
        meeting = Meeting(2, state)
        assert await run_db(meeting) == "done"
        assert meeting.begun == 3
    for times, state in ((3, "40P01"), (1, "53300")):
        meeting = Meeting(9, state)
        with pytest.raises(OperationalError):
            await run_db(meeting)
        assert meeting.begun == times
