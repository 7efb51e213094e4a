"""Readers who ask for one page over and over, in a process of their own so that they share no interpreter."""

import asyncio
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.percentiles import percentile

ARRIVING_SECONDS = 0.5  # hundreds of new connections cost the server something, once


@dataclass(frozen=True, slots=True)
class Load:
    """Results of the readers. `cpu` is the share of a core that they used themselves."""

    per_second: float
    p50: float
    p99: float
    answers: dict[str, int]
    cpu: float


def read(url: str, *tokens: str, readers: int, seconds: float, cookie: str = "") -> Load:
    """Let `readers` ask for `url`, each anew as soon as it has its answer.

    They show one token after the other, or a browser's cookie, or are strangers.
    """
    command = (sys.executable, "-m", "tests.benchmarks.load", url, str(readers), str(seconds))
    shown = [f"Authorization: Bearer {token}" for token in tokens] + [f"Cookie: {cookie}"] * bool(cookie)
    given = "\n".join(shown or ["Accept: */*"])
    done = subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE, text=True)
    return Load(**json.loads(done.stdout))


class Reader(asyncio.Protocol):
    """One kept connection, as bare as can be: the cores belong to the servers."""

    def __init__(self, requests: Iterator[bytes], seen: list[float], answers: dict[str, int]) -> None:
        self.requests = requests
        self.seen = seen
        self.answers = answers
        self.buffer = b""
        self.started = 0.0
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self.buffer = b""
        self.started = time.perf_counter()
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or not whole(head.lower(), body):
            return
        self.seen.append(time.perf_counter() - self.started)
        status = head[9:12].decode()
        self.answers[status] = self.answers.get(status, 0) + 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or self.buffer:
            self.answers["lost"] = self.answers.get("lost", 0) + 1


def whole(head: bytes, body: bytes) -> bool:
    """True once all of an answer has come; `head` in lower case."""
    _, sized, rest = head.partition(b"content-length:")
    if sized:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")


async def _load(url: str, readers: int, seconds: float) -> Load:
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    requests = itertools.cycle(
        f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n".encode()
        for header in sys.stdin.read().splitlines()
    )
    seen: list[float] = []
    answers: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    opened = (
        loop.create_connection(lambda: Reader(requests, seen, answers), name, int(port))
        for _ in range(readers)
    )
    connected = await asyncio.gather(*opened)
    await asyncio.sleep(ARRIVING_SECONDS)
    seen.clear()
    cpu, started = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - started
    used = time.process_time() - cpu
    lost = dict(answers)
    if len(seen) < 2:  # starved: those who still wait have waited for so long at least
        seen += [time.perf_counter() - reader.started for _, reader in connected] * 2
    for transport, _ in connected:
        transport.abort()
    return Load(len(seen) / took, percentile(seen, 50), percentile(seen, 99), lost, used / took)


if __name__ == "__main__":
    import uvloop

    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    address, readers_, seconds_ = sys.argv[1:]
    print(json.dumps(asdict(uvloop.run(_load(address, int(readers_), float(seconds_))))))
