"""P9: two thousand open WebSockets, and one event to each."""

import json
import os
import subprocess
import sys
import threading

import psutil

from dashtam.installation.demo.processes import ROOT
from tests.benchmarks import people
from tests.benchmarks.percentiles import percentile
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

SOCKETS = 2_000
SETTLE_SECONDS = 1.0


def measure(scene: Scene) -> list[Row]:
    """Each of another person. The memory is the web process's own, before and after they have come."""
    tokens = people.make(scene, SOCKETS)
    users = [str(people.made_id("user", n)) for n in range(1, SOCKETS + 1)]
    web = psutil.Process(scene.stack.processes.running["web"].pid)
    before = web.memory_info().rss
    with _process(scene, "pages_open", str(scene.stack.port)) as pages:
        _tell(pages, tokens)
        opened = _line(pages)
        assert opened == "open\n", opened
        threading.Event().wait(SETTLE_SECONDS)
        memory = (web.memory_info().rss - before) / SOCKETS / 1e3
        with _process(scene, "publisher") as publisher:
            _tell(publisher, users)
            sent: list[float] = json.loads(_line(publisher))
        came: list[float | None] = json.loads(_line(pages))
    delays = [then - since for since, then in zip(sent, came, strict=True) if then is not None]
    latest = percentile(delays, 99)
    return [
        row("P9", f"one event to each of {SOCKETS:,} WebSockets, p99", latest, "s", yardstick=1, at_most=1),
        row("P9.lost", "events that did not come", SOCKETS - len(delays), "", yardstick=1, at_most=0),
        row("P9.memory", "memory of a WebSocket", memory, "kB", yardstick=100, at_most=1),
    ]


def _process(scene: Scene, module: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, **scene.stack.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _tell(process: "subprocess.Popen[str]", content: list[str]) -> None:
    print(json.dumps(content), file=process.stdin, flush=True)


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""
