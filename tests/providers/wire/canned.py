"""A server that answers with chosen bytes, in place of an institution."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Canned:
    """Answers in order, the last one again and again. An empty answer is a connection cut off."""

    answers: list[bytes]
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    open: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [
            int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")
        ]
        self.requests.append(head + await reader.readexactly(sum(lengths)))
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await writer.drain()


def answer(body: bytes | str = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; header names are given with underscores."""
    raw = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json", "Content-Length": str(len(raw)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + raw


@asynccontextmanager
async def canned(*answers: bytes) -> AsyncIterator[Canned]:
    async with serving(Canned(list(answers))) as told:
        yield told


@asynccontextmanager
async def serving(told: Canned, tls: ssl.SSLContext | None = None) -> AsyncIterator[Canned]:
    server = await asyncio.start_server(told.accept, "127.0.0.1", 0, ssl=tls)
    told.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield told
        await asyncio.gather(*told.open)
