"""A large file, and the workers that land it."""

import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.providers.imports.test_imports import line, statement
from tests.stack import Stack

ROWS = 40_000


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack whose worker these tests end, each of which leaves another one behind."""
    with Stack() as running:
        yield running


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
    address = sent(stack, token)
    stack.wait_for(lambda: state(stack, token, address)["rows_read"], "the first rows")
    worker = stack.processes.running.pop("worker")
    offspring = psutil.Process(worker.pid).children(recursive=True)
    worker.kill()
    worker.wait(20)
    _, alive = psutil.wait_procs(offspring, timeout=10)
    assert alive == [], "the process that read the file ends with its worker"
    assert state(stack, token, address)["state"] == "running"
    stack.start_worker()
    stack.wait_for(lambda: state(stack, token, address)["rows_landed"], "another worker's first rows")
    stack.wait_for(lambda: state(stack, token, address)["state"] != "running", "the end of the import")
    done = state(stack, token, address)
    assert (done["state"], done["added"], done["matched"]) == ("succeeded", ROWS, 0)


def test_s03_a_worker_that_is_stopped_hands_its_import_over(stack: Stack) -> None:
    _, token = stack.sign_up()
    address = sent(stack, token)
    stack.wait_for(lambda: state(stack, token, address)["rows_read"], "the first rows")
    worker = stack.processes.running.pop("worker")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    stack.start_worker()
    stack.wait_for(lambda: state(stack, token, address)["state"] != "running", "the end of the import")
    done = state(stack, token, address)
    assert (done["state"], done["added"], done["matched"]) == ("succeeded", ROWS, 0)
