"""A small TCP proxy that misbehaves on request: refuses, swallows, delays, cuts."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal

from tests.loop_thread import LoopThread

Mode = Literal["pass", "refuse", "black_hole", "late"]
LATE_SECONDS = 0.02
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FaultProxy:
    """Listens on a port of 127.0.0.1 and forwards to a Unix socket or another port."""

    def __init__(self, *, port: int, target: str | int) -> None:
        self.port = port
        self.target = target
        self.mode: Mode = "pass"
        self.server: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()
        self.flowing = asyncio.Event()
        self.thread = LoopThread()
        self._do(self._listen)

    def switch(self, mode: Mode) -> None:
        """Misbehave from now on; connections that are open already do so too."""
        self._do(self._switch, mode)

    def cut(self) -> None:
        """Reset every open connection."""
        self._do(self._cut)

    def close(self) -> None:
        """End it."""
        self.switch("refuse")
        self.thread.close()

    def _do(self, work: Callable[..., object], *arguments: object) -> None:
        async def run() -> None:
            result = work(*arguments)
            if asyncio.iscoroutine(result):
                await result

        self.thread.do(run(), seconds=10)

    async def _listen(self) -> None:
        self.flowing.set()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _switch(self, mode: Mode) -> None:
        self.mode = mode
        if mode == "black_hole":
            self.flowing.clear()
            return
        if mode == "refuse" and self.server is not None:
            self.server.close()
            self.server = None
            self._cut()
        elif mode != "refuse" and self.server is None:
            await self._listen()
        self.flowing.set()

    def _cut(self) -> None:
        for writer in list(self.open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            there, to = await self._connect()
            self.open.add(to)
            await asyncio.gather(self._pump(reader, to), self._pump(there, writer, answers=True))
        except OSError:
            pass
        finally:
            for each in (writer, *(found for found in self.open if found.is_closing())):
                each.transport.abort()
                self.open.discard(each)

    async def _connect(self) -> Streams:
        if isinstance(self.target, int):
            return await asyncio.open_connection("127.0.0.1", self.target)
        return await asyncio.open_unix_connection(self.target)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self.flowing.wait()
                if answers and self.mode == "late":
                    await asyncio.sleep(LATE_SECONDS)
                writer.write(data)
                await writer.drain()
        if not writer.is_closing():
            writer.close()
