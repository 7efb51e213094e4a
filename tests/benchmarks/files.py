"""Statement files of the largest size and of many rows, while their person goes on reading their accounts."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import psutil

from tests.benchmarks.percentiles import percentile
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene
from tests.benchmarks.statement_files import FORMATS, large, written

BYTES = 20 * 1000 * 1000
READ_EVERY, QUIET_SECONDS, LONGEST_SECONDS = 0.02, 3.0, 120.0
LARGE_SECONDS, MANY_SECONDS = 30, 40
MB = 1024 * 1024
PARSER_MB = 400
MANY, MANY_MB = 100_000, 300
# 20,000 rows a second on a machine on which iterparse reads 300,000 of these small entries a second.
AS_ITERPARSE = 15
GOING_ON = {"queued", "running"}


@dataclass(slots=True)
class Readers:
    """How long the list of accounts took, in seconds: while nothing else went on, and beside a file."""

    scene: Scene
    quiet: list[float] = field(default_factory=list)
    beside: dict[str, list[float]] = field(default_factory=dict)

    def rows(self, names: Mapping[str, str]) -> list[Row]:
        """A row for each file, by id and name, beside all the quiet times together."""
        calm, rows = percentile(self.quiet, 99), []
        for name, reads in self.beside.items():
            what, p99 = f"accounts p99 during {names[name]} ÷ quiet", percentile(reads, 99)
            rows.append(row(f"{name}.p99", what, p99, "s", yardstick=calm, at_most=2))
        return rows


def measure(scene: Scene) -> list[Row]:
    """From the upload until all rows have landed."""
    readers, what = Readers(scene), f"{BYTES / 1e6:.0f} MB OFX"
    file = ("large.ofx", large("ofx", BYTES))
    rows = _landing(readers, "import", what, file, LARGE_SECONDS)
    return [*readers.rows({"import": what}), *rows]


def measure_formats(scene: Scene) -> list[Row]:
    """100,000 rows in each format: read by themselves, and landed."""
    readers, names, rows = Readers(scene), {}, []
    for each in FORMATS:
        names[f"rows.{each}"] = f"{MANY:,} rows of {each}"
        rows += _parsing(each)
        file = (f"many.{each}", written(each, range(MANY)))
        rows += _landing(readers, f"rows.{each}", names[f"rows.{each}"], file, MANY_SECONDS)
    return [*rows, *readers.rows(names)]


def _parsing(format: str) -> list[Row]:
    command = [sys.executable, "-m", "tests.benchmarks.statement_files", format, str(MANY)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    seconds = told["seconds"] * MANY / told["rows"]
    took = f"reading {MANY:,} rows of {format} ÷ iterparse"
    return [
        row(f"rows.{format}.parse", took, seconds, "s", yardstick=told["yardstick"], at_most=AS_ITERPARSE),
        row(f"rows.{format}.parser", took, told["memory"], "MB", yardstick=MANY_MB, at_most=1),
    ]


def _landing(readers: Readers, id: str, what: str, file: tuple[str, bytes], seconds: float) -> list[Row]:
    scene = readers.scene
    readers.quiet += _reading(scene, threading.Event(), QUIET_SECONDS)[0]
    over = threading.Event()
    told: set[int] = set()
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        imported = pool.submit(_import, scene, file, told, over)
        readers.beside[id], memory = _reading(scene, over, LONGEST_SECONDS)
        took = imported.result() - started
    return [
        row(f"{id}.memory", f"largest process of {what}", memory, "MB", yardstick=PARSER_MB, at_most=1),
        row(f"{id}.seconds", f"{what}, until it has landed", took, "s", yardstick=seconds, at_most=1),
        row(f"{id}.progress", f"numbers of rows told during {what}", len(told), "", yardstick=1, at_least=1),
    ]


def _reading(scene: Scene, over: threading.Event, seconds: float) -> tuple[list[float], float]:
    """Seconds of each answer, and the largest memory of a process that web or worker has started."""
    took, memory, deadline = [], 0.0, time.monotonic() + seconds
    with scene.stack.api(scene.token) as api:
        api.get("accounts")
        while not over.is_set() and time.monotonic() < deadline:
            started = time.perf_counter()
            api.get("accounts").raise_for_status()
            took.append(time.perf_counter() - started)
            if len(took) % 10 == 0:
                memory = max(memory, _largest_child(scene))
            over.wait(READ_EVERY)
    return took, memory


def _largest_child(scene: Scene) -> float:
    largest = 0.0
    for process in scene.stack.processes.running.values():
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                largest = max(largest, child.memory_info().rss / MB)
            except psutil.Error:
                continue
    return largest


def _import(scene: Scene, file: tuple[str, bytes], told: set[int], over: threading.Event) -> float:
    """When it has landed, by the monotonic clock; `told` are the numbers of rows that it told meanwhile."""
    try:
        with scene.stack.api(scene.token) as api:
            answer = _until_done(api, file, told)
        landed = answer.is_success and answer.json()["state"] == "succeeded"
        return time.monotonic() + (0 if landed else LONGEST_SECONDS)  # what did not land counts as too late
    finally:
        over.set()


def _until_done(api: httpx.Client, file: tuple[str, bytes], told: set[int]) -> httpx.Response:
    """The answer at once, or what the import has become at its own address."""
    chosen = {"currency": "EUR"} if file[0].endswith("qif") else {}
    answer = api.post("imports", files={"file": file}, data=chosen, timeout=LONGEST_SECONDS)
    deadline = time.monotonic() + LONGEST_SECONDS
    while answer.is_success and answer.json()["state"] in GOING_ON and time.monotonic() < deadline:
        threading.Event().wait(0.25)
        answer = api.get(f"imports/{answer.json()['id']}")
        told.add(max(answer.json()["rows_read"], answer.json()["rows_landed"]))
    told.discard(0)
    return answer
