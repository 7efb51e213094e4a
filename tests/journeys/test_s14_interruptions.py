"""A worker that is stopped or killed in the middle of its work."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack whose worker these tests end; the second ends the one that the first has left behind."""
    with Stack() as running:
        yield running


def newest_run(stack: Stack, token: str) -> dict[str, Any]:
    with stack.api(token) as api:
        (connection,) = api.get("connections").json()["results"]
        return dict(api.get(f"connections/{connection['id']}/syncs").json()["results"][0])


def in_a_hanging_sync(stack: Stack, *, calls: int) -> str:
    """A person whose sync waits for an institution that answers none of so many calls; returns the access token."""
    email, token = stack.sign_up()
    stack.connect(email, token)
    stack.synced(token)
    before = asked(stack)
    stack.bank.control("faults", {"target": "transactions", "mode": "hang", "times": calls})
    with stack.api(token) as api:
        (connection,) = api.get("connections").json()["results"]
        assert api.post(f"connections/{connection['id']}/syncs").status_code == 202
    stack.wait_for(lambda: asked(stack) > before, "a call that hangs")
    return token


def asked(stack: Stack) -> int:
    """How often the bank was asked for transactions."""
    return int(stack.bank.control("log")["counts"].get("transactions", 0))


def test_s14_the_run_of_a_worker_that_was_killed_is_taken_over_within_a_minute(stack: Stack) -> None:
    token = in_a_hanging_sync(stack, calls=1)
    stack.processes.running["worker"].kill()
    stack.processes.running.pop("worker").wait()
    stack.start_worker()
    before = newest_run(stack, token)
    stack.wait_for(lambda: newest_run(stack, token)["state"] != "running", "the run to be taken over")
    after = newest_run(stack, token)
    assert (after["id"], after["state"]) == (before["id"], "succeeded")


def test_s14_a_worker_that_is_stopped_ends_soon_and_its_run_as_interrupted(stack: Stack) -> None:
    token = in_a_hanging_sync(stack, calls=100)
    worker = stack.processes.running.pop("worker")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    run = newest_run(stack, token)
    assert (run["state"], run["error_code"]) == ("failed", "interrupted")
    log = (stack.home / "logs" / "worker.log").read_text()
    assert "Traceback" not in log
