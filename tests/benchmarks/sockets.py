"""P9: two thousand open WebSockets, and one event to each."""

import json
import os
import subprocess
import sys
import threading

import psutil

from dashtam.installation.demo.processes import ROOT
from tests.benchmarks import people
from tests.benchmarks.report import Row, percentile, row
from tests.benchmarks.scene import Scene

SOCKETS = 2_000
SETTLE_SECONDS = 1.0


def measure(scene: Scene) -> list[Row]:
    """Each of another person. The memory is the web process's own, before and after they have come."""
    tokens = people.make(scene, SOCKETS)
    who = [(str(people.made_id("user", n)), token) for n, token in enumerate(tokens, start=1)]
    web = psutil.Process(scene.stack.processes.running["web"].pid)
    before = web.memory_info().rss
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.pages_open", str(scene.stack.port)],
        cwd=ROOT,
        env={**os.environ, **scene.stack.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pages:
        assert pages.stdin is not None
        assert pages.stdout is not None
        print(json.dumps(who), file=pages.stdin, flush=True)
        opened = pages.stdout.readline()
        assert opened == "open\n", opened
        threading.Event().wait(SETTLE_SECONDS)
        memory = (web.memory_info().rss - before) / SOCKETS / 1e3
        print("go", file=pages.stdin, flush=True)
        seen = json.loads(pages.stdout.readline())
    latest = percentile(seen["delays"], 99)
    return [
        row("P9", f"one event to each of {SOCKETS:,} WebSockets, p99", latest, "s", yardstick=1, at_most=1),
        row("P9.lost", "events that did not come", seen["lost"], "", yardstick=1, at_most=0),
        row("P9.memory", "memory of a WebSocket", memory, "kB", yardstick=100, at_most=1),
    ]
