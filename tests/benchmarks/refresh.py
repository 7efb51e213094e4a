"""Fifty callers at once want the token of one connection, and it has expired."""

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

from dashtam.installation.demo.processes import ROOT
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene
from tests.line import Line

PROCESSES, CALLERS = 2, 25
ROUNDS = 3
ROUND_TRIP_SECONDS = 0.3  # banks take a tenth of a second to a whole one


def measure(scene: Scene) -> list[Row]:
    """In two processes, as two workers would; their bank answers as slowly as banks do."""
    calls = 0
    waits = []
    bank = urlsplit(scene.stack.bank.url)
    with Line(port=bank.port, delay=ROUND_TRIP_SECONDS) as line:
        for _ in range(ROUNDS):
            connection = _expire(scene)
            before = _token_calls(scene)
            waits.append(_ask(scene, f"http://127.0.0.1:{line.port}", connection))
            calls = max(calls, _token_calls(scene) - before)
    together = PROCESSES * CALLERS
    return [
        row("P7.calls", f"calls to the provider for {together} callers", calls, "", yardstick=1, at_most=1.0),
        row(
            "P7.wait",
            "longest wait beyond the quickest's ÷ round trip",
            sorted(waits)[ROUNDS // 2],
            "s",
            yardstick=ROUND_TRIP_SECONDS,
            at_most=1.0,
        ),
    ]


def _expire(scene: Scene) -> str:
    expire = "UPDATE providers_providertoken SET access_expires_at = now() RETURNING connection_id"
    with scene.database() as database:
        (connection,) = database.execute(expire).fetchone() or ()
    return str(connection)


def _token_calls(scene: Scene) -> int:
    return int(scene.stack.bank.control("log")["counts"].get("token", 0))


def _ask(scene: Scene, bank_url: str, connection: str) -> float:
    environment = {**os.environ, **scene.stack.environment, "SANDBOX_URL": bank_url}
    command = [sys.executable, "-m", "tests.benchmarks.callers", connection, str(CALLERS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload]
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.stdout.readline()  # it is ready
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    took = [each for process in processes for each in json.loads(process.communicate(timeout=60)[0])]
    return float(max(took) - min(took))
