"""A web process that restarts: alone on the socket of systemd, and beside another after a drain. No request is lost."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack
from tests.systemd import Service, Unit

LEAST = 60


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """An installation without a web process; the tests start their own."""
    with Stack(ready="/healthz") as stack:
        stack.end("web")
        yield stack


@contextmanager
def asking(url: str) -> Iterator[list[int | str]]:
    """Three clients ask without a pause, each time on a connection of its own."""
    answers: list[int | str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                with httpx.Client(trust_env=False, timeout=30) as client:
                    answers.append(client.get(url).status_code)
            except httpx.TransportError as error:
                answers.append(type(error).__name__)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        over.set()
        for client in clients:
            client.join()


def test_y06_a_unit_restarts_on_a_socket_that_stays_open(stack: Stack, tmp_path: Path) -> None:
    unit = Unit("dashtam-web.service", {"/etc/dashtam": tmp_path, "/var/lib/dashtam": stack.home})
    lines = "".join(f"{name}={value}\n" for name, value in settings(stack).items())
    (tmp_path / "dashtam.env").write_text(lines)
    web = Service(
        unit, tmp_path / "web.log", listener=socket.create_server(("127.0.0.1", stack.port), backlog=2048)
    )
    try:
        web.start()
        with asking(f"{stack.origin}/readyz") as answers:
            stack.wait_for(lambda: len(answers) > LEAST, "the first answers")
            stack.wait_for(lambda: b"WATCHDOG=1" in web.listen(timeout=0.1), "a sign of life")
            web.stop()
            assert b"STOPPING=1" in web.listen(timeout=0.1)
            before = len(answers)
            web.start()
            stack.wait_for(lambda: len(answers) > before + LEAST, "answers after the restart")
        assert set(answers) - {503} == {200}, "a request was refused, or cut off"
    finally:
        web.close()


def test_y06_a_process_that_drains_answers_all_and_sends_the_proxy_elsewhere(stack: Stack) -> None:
    serve = ("manage.py", "serve", "--port", str(stack.port), "--drain", "4")
    stack.processes.start("web", *serve)
    stack.processes.wait_for("web", f"{stack.origin}/readyz")
    with httpx.Client(base_url=stack.origin, trust_env=False) as kept:
        first = kept.get("/healthz")
        assert "connection" not in first.headers
        process = stack.processes.running["web"]
        process.terminate()
        stack.wait_for(lambda: kept.get("/readyz").status_code == 503, "readiness to end")
        told = kept.get("/readyz")
        assert told.json()["checks"]["process"] == "about to end"
        assert told.headers["connection"] == "close"
        assert kept.get("/healthz").status_code == 200, "it lives, and need not be killed"
        assert kept.get("/sign-in").status_code == 200
    assert process.wait(20) in {0, -15}
    stack.processes.running.pop("web")


def settings(stack: Stack) -> dict[str, str]:
    """The settings of the stack, with the secrets that this test run made."""
    secrets = {name: os.environ[name] for name in ("SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS")}
    left = {"MIGRATION_DATABASE_URL"}
    return secrets | {name: value for name, value in stack.environment.items() if name not in left}
