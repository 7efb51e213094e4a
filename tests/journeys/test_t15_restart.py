"""A web process that restarts: alone on the socket of systemd, and beside another after a drain. No request is lost.

Neither needs a database: a process without one starts, lives, and says that it is not ready.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.rules import ROOT
from tests.stack import free_port
from tests.systemd import READY_SECONDS, Service, Unit

LEAST = 30
WAIT_SECONDS = int(2 * READY_SECONDS)


def settings(home: Path) -> dict[str, str]:
    """Settings of an installation whose database and cache are away."""
    secrets = {name: os.environ[name] for name in ("SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS")}
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    return {**secrets, **away, "DASHTAM_HOME": str(home)}


def wait_for(probe: Callable[[], object], what: str) -> None:
    waiting = threading.Event()
    for _ in range(WAIT_SECONDS * 20):
        if probe():
            return
        waiting.wait(0.05)
    raise AssertionError(f"waited {WAIT_SECONDS} seconds for {what}")


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def asking(url: str) -> Iterator[list[int | str]]:
    """Two clients ask without a pause, each time on a connection of its own."""
    got: list[int | str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                got.append(httpx.get(url, trust_env=False, timeout=WAIT_SECONDS).status_code)
            except httpx.TransportError as error:
                got.append(type(error).__name__)

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        yield got
    finally:
        over.set()
        for client in clients:
            client.join()


def test_t15_a_unit_restarts_on_a_socket_that_stays_open_and_loses_nothing(tmp_path: Path) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in settings(tmp_path).items())
    (tmp_path / "dashtam.env").write_text(lines)
    unit = Unit("dashtam-web.service", {"/etc/dashtam": tmp_path, "/var/lib/dashtam": tmp_path})
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    web = Service(unit, tmp_path / "web.log", listener=listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/healthz"
    try:
        web.start()
        with asking(url) as got:
            wait_for(lambda: len(got) > LEAST, "the first answers")
            wait_for(lambda: b"WATCHDOG=1" in web.listen(timeout=0.1), "a sign of life")
            web.stop()
            assert b"STOPPING=1" in web.listen(timeout=0.1)
            before = len(got)
            web.start()
            wait_for(lambda: len(got) > before + LEAST, "answers after the restart")
        assert set(got) == {200}
    finally:
        web.close()


def test_t15_a_process_that_drains_answers_all_and_sends_the_proxy_elsewhere(tmp_path: Path) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    serve = [sys.executable, "manage.py", "serve", "--port", str(port), "--drain", "60"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(serve, cwd=ROOT, env={**os.environ, **settings(tmp_path)}, stderr=log)
    try:
        wait_for(lambda: answers(f"{origin}/healthz"), "the process to serve")
        with httpx.Client(base_url=origin, trust_env=False, timeout=30) as kept:
            before = kept.get("/readyz")
            assert "connection" not in before.headers
            assert "process" not in before.json()["checks"]
            process.terminate()
            wait_for(lambda: "connection" in kept.get("/healthz").headers, "the process to hear of its end")
            told = kept.get("/readyz")
            assert (told.status_code, told.headers["connection"]) == (503, "close")
            assert told.json()["checks"]["process"] == "about to end"
            assert kept.get("/healthz").status_code == 200, "it lives, and need not be killed"
        process.send_signal(signal.SIGINT)  # Ctrl-C does not wait for the end of the drain
        assert process.wait(WAIT_SECONDS) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
