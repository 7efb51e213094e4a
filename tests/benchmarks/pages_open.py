"""Two thousand open pages in a process of their own: connect, wait for one event each, print how it went.

It runs in the installation's environment, asks for a ticket for each page, and publishes the events itself.
"""

import asyncio
import json
import sys
import time
from typing import Any
from uuid import UUID

import httpx

from dashtam.installation import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from dashtam.bridge.doors import database_context  # noqa: E402
from notifications.wiring import live_event_service  # noqa: E402

AT_ONCE = 50
TEXT, PING = 0x81, 0x89
PONG = b"\x8a\x80\0\0\0\0"  # masked with zeros, as a client must mask (RFC 6455 section 5.3)
LATEST_SECONDS = 20.0


class OpenPage(asyncio.Protocol):
    """One WebSocket, as bare as can be: `opened` and `event` are done at the first answer and the first event."""

    def __init__(self, port: int, ticket: str) -> None:
        lines = (
            f"GET /ws/events?ticket={ticket} HTTP/1.1",
            f"Host: localhost:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )
        self.request = "\r\n".join([*lines, "", ""]).encode()
        self.buffer = b""
        self.opened = asyncio.get_running_loop().create_future()
        self.event = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.opened.done():
            head, found, self.buffer = self.buffer.partition(b"\r\n\r\n")
            if not found:
                self.buffer = head
                return
            self.opened.set_result(head[9:12] == b"101")
        while len(self.buffer) >= 2:
            kind, length, skipped = self.buffer[0], self.buffer[1], 2
            if length == 126:
                length, skipped = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < skipped + length:
                return
            self.buffer = self.buffer[skipped + length :]
            if kind == PING:
                self.transport.write(PONG)
            elif kind == TEXT and not self.event.done():
                self.event.set_result(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.opened, self.event):
            if not future.done():
                future.cancel()


async def _open(client: httpx.AsyncClient, port: int, token: str, places: asyncio.Semaphore) -> OpenPage:
    async with places:
        answer = await client.post("/api/v1/events/tickets", headers={"Authorization": f"Bearer {token}"})
        ticket = answer.raise_for_status().json()["ticket"]
        loop = asyncio.get_running_loop()
        _, page = await loop.create_connection(lambda: OpenPage(port, ticket), "127.0.0.1", port)
        assert await page.opened, "a page was not let in"
        return page


async def main(port: int, people: list[tuple[UUID, str]]) -> dict[str, Any]:
    """Delays of the events in seconds, and how many never came."""
    places = asyncio.Semaphore(AT_ONCE)
    async with database_context():
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            pages = await asyncio.gather(*(_open(client, port, token, places) for _, token in people))
        print("open", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        started = []
        for user, _ in people:
            started.append(time.perf_counter())
            await live_event_service().publish(user_id=user, type="sync.finished")
        await asyncio.wait([page.event for page in pages], timeout=LATEST_SECONDS)
    came = [page.event.done() and not page.event.cancelled() for page in pages]
    pairs = zip(started, pages, came, strict=True)
    delays = [page.event.result() - since for since, page, here in pairs if here]
    return {"delays": delays, "lost": len(pages) - len(delays)}


if __name__ == "__main__":
    import uvloop

    everybody = [(UUID(user), token) for user, token in json.loads(sys.stdin.readline())]
    print(json.dumps(uvloop.run(main(int(sys.argv[1]), everybody))))
