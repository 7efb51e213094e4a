"""A large file, and the workers that land it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
import pytest

from tests.providers.imports.test_imports import line, statement
from tests.stack import Stack

ROWS = 4_000  # so many that no request waits for them
WAITS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
LEASE = "SELECT lease_id FROM providers_fileimport WHERE id = %s"


@pytest.fixture(autouse=True)
def _a_worker_again(stack: Stack) -> Iterator[None]:
    """What comes after finds a worker at work."""
    yield
    if "worker" not in stack.processes.running:
        stack.start_worker()


def rows_of(stack: Stack, query: str, *given: Any) -> list[Any]:
    """Ask the database as its owner, who sees what all others wait for."""
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as owner:
        return owner.execute(query, given).fetchall()


def lease(stack: Stack, address: str) -> Any:
    """Name the worker that the import is carried out by, if any."""
    return rows_of(stack, LEASE, address.removeprefix("imports/"))[0][0]


@contextmanager
def nothing_lands(stack: Stack) -> Iterator[None]:
    """Let whoever has read a file wait at its first row, until the end of the block."""
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as holder:
        holder.execute("LOCK TABLE providers_transaction IN SHARE MODE")
        yield
        holder.rollback()


def sent(stack: Stack, token: str) -> str:
    """Send a file of ROWS rows; returns the address of its import."""
    data = statement(*(line(f"F{number}", f"-{number}.25") for number in range(ROWS)))
    with stack.api(token) as api:
        answer = api.post("imports", files={"file": ("year.ofx", data)})
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    return f"imports/{answer.json()['id']}"


def state(stack: Stack, token: str, address: str) -> dict[str, Any]:
    with stack.api(token) as api:
        return dict(api.get(address).json())


def test_s03_the_import_of_a_worker_that_was_killed_is_finished_once_by_another(stack: Stack) -> None:
    _, token = stack.sign_up()
    with nothing_lands(stack):
        address = sent(stack, token)
        stack.wait_for(lambda: rows_of(stack, WAITS), "the first row")
        offspring = psutil.Process(stack.processes.running["worker"].pid).children(recursive=True)
        assert offspring, "the file is read in another process"
        stack.end("worker", signal.SIGKILL)
        _, alive = psutil.wait_procs(offspring, timeout=10)
        assert alive == [], "the process that read the file ends with its worker"
        of_the_dead = lease(stack, address)
    assert state(stack, token, address)["state"] == "running"
    stack.start_worker()
    stack.wait_for(lambda: lease(stack, address) != of_the_dead, "another worker to take it")
    stack.wait_for(lambda: state(stack, token, address)["state"] != "running", "the end of the import")
    done = state(stack, token, address)
    assert (done["state"], done["added"], done["matched"]) == ("succeeded", ROWS, 0)


def test_s03_a_worker_that_is_stopped_hands_its_import_over(stack: Stack) -> None:
    _, token = stack.sign_up()
    with nothing_lands(stack):
        address = sent(stack, token)
        stack.wait_for(lambda: rows_of(stack, WAITS), "the first row")
        worker = stack.processes.running["worker"]
        stack.end("worker", within=30)
        assert worker.returncode == 0
        assert (state(stack, token, address)["state"], lease(stack, address)) == ("running", None)
    stack.start_worker()
    stack.wait_for(lambda: state(stack, token, address)["state"] != "running", "the end of the import")
    done = state(stack, token, address)
    assert (done["state"], done["added"], done["matched"]) == ("succeeded", ROWS, 0)
