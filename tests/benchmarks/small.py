"""Small machines: memory and processor of an idle installation, and how soon it serves after a start.

Memory is PSS: pages that several processes share count once. The demo is measured as it is; the box is one process for
web and worker (`serve --with-worker`) beside the embedded PostgreSQL and Valkey.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene
from tests.rules import ROOT
from tests.stack import free_port

SETTLED_SECONDS, IDLE_SECONDS, PATIENCE = 60, 30, 240
INHERITED = (
    "DATABASE_URL",
    "REDIS_URL",
    "MIGRATION_DATABASE_URL",
    "STACK_DATABASE_URL",
    "SANDBOX_URL",
    "PUBLIC_URL",
)


def measure(scene: Scene) -> list[Row]:
    """Measure a demo of its own, and then the box in the same home."""
    home = Path(tempfile.mkdtemp(prefix="dashtam-small-"))
    with _running(home, "demo") as (demo, _):
        demo_mb = _megabytes(_processes(demo, home))
    with _running(home, "serve", "--with-worker") as (box, seconds):
        processes = _processes(box, home)
        box_mb, cores = _megabytes(processes), _cores(processes)
    return [
        row("small.demo", "memory of the demo, idle", demo_mb, "MB", yardstick=330, at_most=1.0),
        row(
            "small.box",
            "memory of web, worker, PostgreSQL and Valkey, idle",
            box_mb,
            "MB",
            yardstick=200,
            at_most=1.0,
        ),
        row("small.idle", "processor of these, idle", 100 * cores, "%", yardstick=1, at_most=1.0),
        row(
            "small.start",
            "from the start to the first answer, servers included",
            seconds,
            "s",
            yardstick=3,
            at_most=1.0,
        ),
    ]


@contextmanager
def _running(home: Path, *command: str) -> Iterator[tuple[psutil.Process, float]]:
    """A command of this home once it is ready, with the seconds that took; stopped and gone afterwards."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED}
    environment |= {"DASHTAM_HOME": str(home), "PORT": str(port), "ECB_URL": "", "IMPORT_FOLDER": ""}
    begun = time.monotonic()
    with (home / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            path = "/healthz/installation" if command[0] == "demo" else "/readyz"
            _wait_for(f"http://127.0.0.1:{port}{path}", process)
            seconds = time.monotonic() - begun
            if command[0] == "demo":
                _wait_until(lambda: b"Serving." in (home / "demo.log").read_bytes(), process)
            threading.Event().wait(SETTLED_SECONDS)
            yield psutil.Process(process.pid), seconds
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            _wait_until(lambda: not (home / "run" / ".s.PGSQL.5432").exists(), None)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        try:
            return httpx.get(url, trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    _wait_until(answers, process)


def _wait_until(reached: Callable[[], bool], process: "subprocess.Popen[bytes] | None") -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert process is None or process.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it took too long"
        threading.Event().wait(0.02)


def _processes(top: psutil.Process, home: Path) -> list[psutil.Process]:
    """A command's processes and those of the embedded servers, each once.

    Their keeper is a child of the command that started them; where that has ended, it is a child of none of these.
    """
    keepers = [
        each for each in psutil.process_iter() if {"dashtam.installation.keeper", str(home)} <= _words(each)
    ]
    found = (each for one in (top, *keepers) for each in (one, *one.children(recursive=True)))
    return list({each.pid: each for each in found}.values())


def _words(process: psutil.Process) -> set[str]:
    try:
        return set(process.cmdline())
    except psutil.Error:
        return set()


def _megabytes(processes: list[psutil.Process]) -> float:
    return sum(map(_pss, processes)) / 1e6


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.NoSuchProcess:  # PostgreSQL's, for a connection that was hung up
        return 0.0


def _cores(processes: list[psutil.Process]) -> float:
    """The cores that they use together while nobody asks for anything."""

    times: dict[int, float] = {}

    def used() -> float:
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                times[each.pid] = sum(each.cpu_times()[:2])
        return sum(times.values())

    before, began = used(), time.monotonic()
    threading.Event().wait(IDLE_SECONDS)
    return (used() - before) / (time.monotonic() - began)
