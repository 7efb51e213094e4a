"""Several institutions in one process, each on a port of its own and as slow as it is told to be.

They answer as Sandbox Bank does, with one account and a few rows for each customer, and as cheaply as can be: on a
machine with few cores, their work is missing to the worker. A worker that knows them is `python -m
tests.benchmarks.institutions`.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from providers.connectors import CONNECTORS
from providers.connectors.sandbox import SandboxConnector
from tests.loop_thread import LoopThread

NAMED = "BENCH_INSTITUTIONS"
AS_OF = "2026-11-01T00:00:00Z"
ROWS = 20
_ACCOUNT = {
    "id": "one",
    "nickname": "",
    "official_name": "Checking",
    "number_last4": "0042",
    "kind": "CHECKING",
    "currency": "USD",
    "balance": {"current": "10.00", "available": None, "limit": None, "as_of": AS_OF},
}
_ROW = {
    "posted_on": "2026-10-01",
    "transacted_at": AS_OF,
    "state": "POSTED",
    "amount": "1.00",
    "direction": "DEBIT",
    "currency": "USD",
    "description": "Corner shop",
    "type": "CARD_PURCHASE",
    "category": "groceries",
} | dict.fromkeys(("pending_id", "security_id", "units", "unit_price", "fees"))
_FEED = {
    "added": [{**_ROW, "id": f"row-{n}"} for n in range(ROWS)],
    "modified": [],
    "removed": [],
    "next_cursor": "end",
    "has_more": False,
}
ANSWERS = {
    "accounts": json.dumps({"accounts": [_ACCOUNT]}).encode(),
    "transactions": json.dumps(_FEED).encode(),
}


class Institutions:
    """One institution for each delay in seconds; `origins` in the same order."""

    def __init__(self, delays: Sequence[float]) -> None:
        self.delays = delays
        self.origins: list[str] = []
        self.calls: Counter[str] = Counter()
        self.servers: list[asyncio.Server] = []
        self.thread = LoopThread()

    def __enter__(self) -> "Institutions":
        self.origins = [self.thread.do(self._open(delay)) for delay in self.delays]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.thread.do(self._hang_up())
        self.thread.close()

    async def _hang_up(self) -> None:
        for server in self.servers:
            server.close()

    async def _open(self, delay: float) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    body = ANSWERS[head.partition(b"?")[0].split(b" ")[1].decode().rpartition("/")[2]]
                    self.calls[origin] += 1
                    await asyncio.sleep(delay)
                    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + body)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1")
        self.servers.append(server)
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return origin


def slug(number: int) -> str:
    """The institution's name in the catalogue."""
    return f"bench-{number}"


def connector(number: int, origin: str) -> SandboxConnector:
    """Sandbox Bank's dialect at an address of its own."""

    class AnotherBank(SandboxConnector):
        slug = f"bench-{number}"
        name = "Another bank"
        capabilities = ("accounts", "balances", "transactions")
        base_url = origin

    return AnotherBank()


if __name__ == "__main__":
    import manage

    for number_, origin_ in enumerate(os.environ[NAMED].split()):
        CONNECTORS[slug(number_)] = connector(number_, origin_)
    sys.argv = ["manage.py", "procrastinate", "worker"]
    manage.main()
