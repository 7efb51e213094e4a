"""A hundred people who sign in over and over, and the few who only read meanwhile, in a process of their own.

It is as bare as can be: on a machine with few cores, CPU used by these clients is missing to the hashes.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.load import whole

READ_EVERY = 0.2  # the few who only read are there to see how it goes, not to take part
KEPT_SECONDS = 3  # uvicorn ends a connection that has been idle for five


@dataclass
class Seen:
    """Results in seconds. `cpu` is the share of a core that these clients used themselves."""

    reads: list[float] = field(default_factory=list)
    healths: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    recovered: float = 0.0
    last: float = 0.0
    took: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The server, the people who sign in, the credentials of the readers, and the duration in seconds."""

    port: int
    bearer: str
    ticket: str
    people: list[str]
    password: str
    seconds: float


def watch(plan: Plan) -> Seen:
    """Run the plan in a process of its own."""
    command = (sys.executable, "-m", "tests.benchmarks.crowd")
    done = subprocess.run(
        command, input=json.dumps(asdict(plan)), check=True, stdout=subprocess.PIPE, text=True
    )
    return Seen(**json.loads(done.stdout))


class Line(asyncio.Protocol):
    """One kept connection: a request, then its answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.buffer = b""
        self.used = 0.0
        self.answer: asyncio.Future[tuple[int, float]] | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    async def ask(self, request: bytes) -> tuple[int, float]:
        """Status, and the seconds to wait that the answer speaks of. Connects anew before the server hangs up."""
        if self.transport and time.perf_counter() - self.used > KEPT_SECONDS:
            self.transport.close()
        if self.transport is None or self.transport.is_closing():
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)
        self.buffer = b""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        head = head.lower()
        if found and self.answer and whole(head, body):
            self.used = time.perf_counter()
            self.answer.set_result((int(head[9:12]), float(_header(head, b"retry-after") or 0)))
            self.answer = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer:
            self.answer.set_result((0, 1.0))
            self.answer = None


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()


def _request(plan: Plan, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: localhost:{plan.port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "content-type: application/json"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read(plan: Plan, path: str, into: list[float], until: float) -> None:
    line, request = Line(plan.port), _request(plan, "GET", path, authorization=f"Bearer {plan.bearer}")
    while (started := time.perf_counter()) < until:
        status, _ = await line.ask(request)
        assert status == 200, (path, status)
        into.append(time.perf_counter() - started)
        await asyncio.sleep(READ_EVERY)


async def _ping(plan: Plan, into: list[float], until: float) -> None:
    from websockets.asyncio.client import connect

    async with connect(f"ws://127.0.0.1:{plan.port}/ws/events?ticket={plan.ticket}", proxy=None) as socket:
        while (started := time.perf_counter()) < until:
            await (await socket.ping())
            into.append(time.perf_counter() - started)
            await asyncio.sleep(READ_EVERY)


async def _sign_in(plan: Plan, number: int, seen: Seen, until: float) -> None:
    line = Line(plan.port)
    body = json.dumps({"email": plan.people[number], "password": plan.password}).encode()
    # Each from a network of their own, as people are: limits by network are tested elsewhere.
    where = f"10.{number >> 8}.{number & 255}.7"
    request = _request(plan, "POST", "/api/v1/auth/tokens", body, x_forwarded_for=where)
    while time.perf_counter() < until:
        started = time.perf_counter()
        status, wait = await line.ask(request)
        took = time.perf_counter() - started
        seen.answers[str(status)] = seen.answers.get(str(status), 0) + 1
        (seen.accepted if status == 200 else seen.refused).append(took)
        seen.last = started + took if status == 200 else seen.last
        if status != 200:
            await asyncio.sleep(wait + random.random())  # noqa: S311


async def _recover(plan: Plan, seen: Seen, until: float) -> None:
    """Seconds from the end of the storm until the first one who comes after it is let in."""
    await asyncio.sleep(until - time.perf_counter())
    line, body = Line(plan.port), json.dumps({"email": plan.people[0], "password": plan.password}).encode()
    request = _request(plan, "POST", "/api/v1/auth/tokens", body, x_forwarded_for="11.0.0.1")
    for _ in range(20):
        status, wait = await line.ask(request)
        if status == 200:
            break
        await asyncio.sleep(wait)
    seen.recovered = time.perf_counter() - until


async def _all(plan: Plan) -> Seen:
    seen = Seen()
    cpu, started = time.process_time(), time.perf_counter()
    until = started + plan.seconds
    after = asyncio.create_task(_recover(plan, seen, until)) if plan.people else None
    await asyncio.gather(
        _read(plan, "/api/v1/accounts", seen.reads, until),
        _read(plan, "/healthz", seen.healths, until),
        _ping(plan, seen.pings, until),
        *(_sign_in(plan, number, seen, until) for number in range(len(plan.people))),
    )
    seen.cpu = (time.process_time() - cpu) / (time.perf_counter() - started)
    seen.took = seen.last - started  # those who were turned away last only wait after that
    if after:
        await after
    return seen


if __name__ == "__main__":
    import uvloop

    given = Plan(**json.loads(sys.stdin.read()))
    print(json.dumps(asdict(uvloop.run(_all(given)))))
