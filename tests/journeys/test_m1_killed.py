"""Idempotency-Key when a web process is killed in the middle, or cannot do what it was asked for."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest

from tests.stack import Stack, free_port

pytestmark = pytest.mark.slow
WANTED = {"provider": "sandbox"}


@contextmanager
def nobody_may_write(stack: Stack, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold the table so that whoever wants to add a row waits."""
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as holder:
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield holder
        holder.rollback()


def rows(stack: Stack, table: str) -> int:
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 a table of ours
        return int(found[0]) if found else 0


def test_m1_what_a_killed_process_had_begun_is_done_once_by_the_next_request(stack: Stack) -> None:
    _, token = stack.sign_up("Kim")
    port = free_port()
    stack.start_web("mortal", port)
    mortal = stack.processes.running["mortal"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(16)}
    with httpx.Client(
        base_url=f"http://localhost:{port}/api/v1/", headers=headers, timeout=30, trust_env=False
    ) as there:
        stack.processes.wait_for("mortal", f"http://localhost:{port}/readyz")

        def ask() -> None:
            with suppress(httpx.TransportError):
                there.post("connections", json=WANTED)

        before = rows(stack, "accounts_idempotencykey")
        with nobody_may_write(stack, "providers_connection"):
            asking = threading.Thread(target=ask)
            asking.start()
            stack.wait_for(lambda: rows(stack, "accounts_idempotencykey") > before, "the key in its table")
            mortal.kill()
            mortal.wait()
            del stack.processes.running["mortal"]
        asking.join()
    with stack.api(token) as api:
        key = {"Idempotency-Key": headers["Idempotency-Key"]}

        def answered() -> httpx.Response | None:
            answer = api.post("connections", json=WANTED, headers=key)
            if answer.status_code == 409:
                assert answer.json()["code"] == "idempotency_in_progress"
                assert answer.headers["retry-after"]
                return None
            return answer

        done = stack.wait_for(answered, "the lease of the killed process to run out")
        assert done.status_code == 201, done.text
        assert "idempotency-replayed" not in done.headers
        again = api.post("connections", json=WANTED, headers=key)
        assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
        assert [row["id"] for row in api.get("connections").json()["results"]] == [done.json()["id"]]


def test_m1_a_failure_on_our_side_leaves_the_key_free(stack: Stack) -> None:
    _, token = stack.sign_up("Liv")
    key = {"Idempotency-Key": secrets.token_hex(16)}
    with stack.api(token) as api:
        with nobody_may_write(stack, "providers_connection"):
            failed = api.post("connections", json=WANTED, headers=key)
        assert (failed.status_code, failed.json()["code"]) == (503, "database_unavailable")
        done = api.post("connections", json=WANTED, headers=key)
        assert done.status_code == 201
        assert "idempotency-replayed" not in done.headers


def test_m1_work_goes_on_when_its_client_does_not_wait(stack: Stack) -> None:
    _, token = stack.sign_up("Mia")
    key = {"Idempotency-Key": secrets.token_hex(16)}
    with stack.api(token) as api:
        with nobody_may_write(stack, "providers_connection"), pytest.raises(httpx.ReadTimeout):
            api.post("connections", json=WANTED, headers=key, timeout=1.5)
        done = stack.wait_for(lambda: _answer(api, key), "the answer to the first request")
        assert (done.status_code, done.headers["idempotency-replayed"]) == (201, "true")
        assert len(api.get("connections").json()["results"]) == 1


def test_m1_a_large_form_sent_again_is_the_same_request(stack: Stack) -> None:
    _, token = stack.sign_up("Nia")
    key = {"Idempotency-Key": secrets.token_hex(16)}
    large = (
        b"x" * 3_000_000
    )  # no statement: what counts is that it comes in many pieces, with a new boundary each time
    with stack.api(token) as api:
        first, again, other = (
            api.post("imports", files={"file": ("a.ofx", data)}, headers=key)
            for data in (large, large, large + b"y")
        )
        assert (first.status_code, first.json()["state"]) == (202, "running")
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
        assert other.json()["code"] == "idempotency_key_reused"
        assert len(api.get("imports").json()["results"]) == 1


def _answer(api: httpx.Client, key: dict[str, str]) -> httpx.Response | None:
    answer = api.post("connections", json=WANTED, headers=key)
    return None if answer.status_code == 409 else answer
