"""A line to a server on this machine that can be as slow as one across the world, or swallow everything."""

import asyncio
import contextlib
from types import TracebackType
from typing import Any

from tests.loop_thread import LoopThread


class Line:
    """Passes requests on at once and answers after `delay` seconds. `port` stands for the server's.

    The server is at a port, or at a socket of the file system.
    """

    def __init__(self, *, port: int | None = None, path: str = "", delay: float = 0) -> None:
        self.server_port, self.path = port, path
        self.delay = delay
        self.port = 0
        self.open = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []
        self.thread = LoopThread()

    def __enter__(self) -> "Line":
        self.thaw()
        self.port = self.thread.do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.thread.do(self._hang_up())
        self.thread.close()

    def freeze(self) -> None:
        """Keep all data back, also of new connections, and close none of them."""
        self.thread.loop.call_soon_threadsafe(self.open.clear)

    def thaw(self) -> None:
        """Pass data on again, beginning with the data that was kept back."""
        self.thread.loop.call_soon_threadsafe(self.open.set)

    async def _hang_up(self) -> None:
        self.listener.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _listen(self) -> int:
        self.listener = await asyncio.start_server(self._serve, "127.0.0.1")
        return int(self.listener.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        await self.open.wait()
        there, back = await self._reach()
        self.writers.append(back)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass_on(reader, back, 0), self._pass_on(there, writer, self.delay))

    async def _reach(self) -> Any:
        if self.path:
            return await asyncio.open_unix_connection(self.path)
        return await asyncio.open_connection("127.0.0.1", self.server_port)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float
    ) -> None:
        while data := await source.read(65_536):
            await asyncio.sleep(delay)
            await self.open.wait()
            target.write(data)
        target.close()
