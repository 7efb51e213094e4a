"""A bank that hangs or a database that does not answer delays no other person's requests."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest

from dashtam.installation.demo.browser import Browser
from tests.line import Line
from tests.stack import PASSWORD, Stack

pytestmark = pytest.mark.slow
LONGER_THAN_THE_GRACE = 11.0  # seconds, of a refresh token that was used


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """A port forwarded to PostgreSQL, which can be made to stop answering."""
    where = urlsplit(os.environ["DATABASE_URL"]).netloc.rpartition("@")[2]
    with Line(path=str(Path(unquote(where)) / ".s.PGSQL.5432")) as line:
        yield line


@pytest.fixture(scope="module")
def stack(line: Line) -> Iterator[Stack]:
    """A Dashtam with one database thread and short waits."""
    waits = {"DATABASE_WAIT_SECONDS": "1", "DATABASE_STATEMENT_TIMEOUT": "2000", "REQUEST_SECONDS": "4"}
    stack = Stack(DATABASE_THREADS="1", **waits)
    at = urlsplit(stack.database_url)
    user = at.netloc.rpartition("@")[0]
    stack.environment["DATABASE_URL"] = urlunsplit(at._replace(netloc=f"{user}@127.0.0.1:{line.port}"))
    with stack:
        yield stack


def test_a_request_that_waits_for_a_bank_holds_no_database_thread(stack: Stack) -> None:
    email, token = stack.sign_up()
    with stack.api(token) as api, Browser(stack.origin) as browser:
        started = api.post("connections", json={"provider": "sandbox"}).json()
        browser.submit(browser.open("/sign-in"), "password", email=email, password=PASSWORD)
        consent = browser.submit(browser.open(started["authorization_url"]), "/connections/start/")
        stack.bank.control("faults", {"target": "token", "mode": "hang", "times": 1})
        returning = threading.Thread(
            target=lambda: browser.submit(consent, "decision", button="approve"), daemon=True
        )
        returning.start()
        stack.wait_for(lambda: stack.bank.control("log")["counts"].get("token"), "the bank to be asked")
        for _ in range(5):
            assert api.get("accounts").status_code == 200
        assert returning.is_alive()
        returning.join(timeout=30)


def test_s11_a_database_that_falls_silent_during_a_refresh_signs_nobody_out(stack: Stack, line: Line) -> None:
    email, _ = stack.sign_up("Cleo")
    with stack.api() as api:
        pair = api.post("auth/tokens", json={"email": email, "password": PASSWORD}).json()
        body = {"refresh_token": pair["refresh_token"]}
        line.freeze()
        try:
            answers, until = [], time.monotonic() + LONGER_THAN_THE_GRACE
            while time.monotonic() < until:
                answers.append(api.post("auth/tokens/refresh", json=body))
        finally:
            line.thaw()
        assert {answer.status_code for answer in answers} == {503}
        stack.wait_for(lambda: api.get(f"{stack.origin}/readyz").status_code == 200, "the database")
        refreshed = api.post("auth/tokens/refresh", json=body)
        assert refreshed.status_code == 200, refreshed.text
        with stack.api(refreshed.json()["access_token"]) as again:
            assert [event["action"] for event in again.get("auth/activity").json()["results"]].count(
                "refresh_token.reused"
            ) == 0
            assert again.get("auth/sessions").status_code == 200


def test_a_database_that_does_not_answer_costs_no_more_than_the_deadline(stack: Stack, line: Line) -> None:
    _, token = stack.sign_up("Ben")
    with stack.api(token) as api:
        assert api.get("accounts").status_code == 200
        line.freeze()
        try:
            answers = [api.get("accounts") for _ in range(3)]
            assert api.get(f"{stack.origin}/healthz").status_code == 200
        finally:
            line.thaw()
        assert {answer.status_code for answer in answers} == {503}
        assert all(answer.headers["retry-after"] for answer in answers)
        assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
        assert max(answer.elapsed.total_seconds() for answer in answers) < 20  # far below the system's own
        stack.wait_for(lambda: api.get("accounts").status_code == 200, "the database to be heard again")
