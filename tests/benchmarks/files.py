"""A statement file of the largest size, while its person goes on reading their accounts."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from tests.benchmarks.percentiles import percentile
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

BYTES = 20 * 1000 * 1000
READ_EVERY, QUIET_SECONDS, LONGEST_SECONDS = 0.02, 5.0, 120.0
MB = 1024 * 1024
PARSER_MB = 400
GOING_ON = {"queued", "running"}


def measure(scene: Scene) -> list[Row]:
    """From the upload until all rows have landed."""
    quiet, _ = _reading(scene, threading.Event(), QUIET_SECONDS)
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        imported = pool.submit(_import, scene, over)
        reads, memory = _reading(scene, over, LONGEST_SECONDS)
        took = imported.result() - started
    what = f"{BYTES / 1e6:.0f} MB OFX"
    p99, calm = percentile(reads, 99), percentile(quiet, 99)
    return [
        row("import.p99", f"accounts p99 during {what} ÷ quiet", p99, "s", yardstick=calm, at_most=2),
        row("import.memory", f"largest process of {what}", memory, "MB", yardstick=PARSER_MB, at_most=1),
        row("import.seconds", f"{what}, until it has landed", took, "s", yardstick=30, at_most=1),
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


def _import(scene: Scene, over: threading.Event) -> float:
    """When it has landed, by the monotonic clock."""
    try:
        with scene.stack.api(scene.token) as api:
            answer = _until_done(api, {"file": ("large.ofx", _file())})
        landed = answer.is_success and answer.json()["state"] == "succeeded"
        return time.monotonic() + (0 if landed else LONGEST_SECONDS)  # what did not land counts as too late
    finally:
        over.set()


def _until_done(api: httpx.Client, files: dict[str, tuple[str, bytes]]) -> httpx.Response:
    """The answer at once, or what the import has become at its own address."""
    answer = api.post("imports", files=files, timeout=LONGEST_SECONDS)
    deadline = time.monotonic() + LONGEST_SECONDS
    while answer.is_success and answer.json()["state"] in GOING_ON and time.monotonic() < deadline:
        threading.Event().wait(0.25)
        answer = api.get(f"imports/{answer.json()['id']}")
    return answer


def _file() -> bytes:
    """One account, and as many rows as fit."""
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n\n<OFX>"
        "<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>20000000<ACCTTYPE>CHECKING"
        "</BANKACCTFROM><BANKTRANLIST>\n"
    )
    tail = "</BANKTRANLIST><LEDGERBAL><BALAMT>0<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    line = (
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>2025{month:02}{day:02}<TRNAMT>-{amount}.{n:02}<FITID>row-{id:07}"
        "<NAME>Corner shop, till {n}<MEMO>A purchase of some things for the house and the garden</STMTTRN>\n"
    )
    rows, size, id_ = [], len(head) + len(tail), 0
    while size < BYTES - len(line):
        id_ += 1
        rows.append(
            line.format(month=id_ % 12 + 1, day=id_ % 28 + 1, amount=id_ % 900 + 1, n=id_ % 97, id=id_)
        )
        size += len(rows[-1])
    return (head + "".join(rows) + tail).encode()
