"""Two thousand open pages in a process of their own: connect, wait for one event each, print when it came."""

import asyncio
import json
import sys
import time
from typing import Any

import httpx

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
                self.event.set_result(time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_result(False)


async def _open(client: httpx.AsyncClient, port: int, token: str, places: asyncio.Semaphore) -> OpenPage:
    async with places:
        answer = await client.post("/api/v1/events/tickets", headers={"Authorization": f"Bearer {token}"})
        ticket = answer.raise_for_status().json()["ticket"]
        loop = asyncio.get_running_loop()
        _, page = await loop.create_connection(lambda: OpenPage(port, ticket), "127.0.0.1", port)
        assert await page.opened, "a page was not let in"
        return page


async def main(port: int, tokens: list[str]) -> list[float | None]:
    """When each page got its event, by the machine's monotonic clock; None where none came."""
    places = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        pages = await asyncio.gather(*(_open(client, port, token, places) for token in tokens))
    print("open", flush=True)
    await asyncio.wait([page.event for page in pages], timeout=LATEST_SECONDS)
    return [page.event.result() if page.event.done() else None for page in pages]


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(main(int(sys.argv[1]), json.loads(sys.stdin.readline())))))
