"""The web process as a server that ends without costing a request."""

import asyncio
import contextlib
import socket
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from dashtam.installation import embedded
from dashtam.processes import supervisor
from dashtam.processes.server import OPTIONS

APPLICATION = "dashtam.asgi:application"
TICK_SECONDS = 1.0
LAST_WORDS_SECONDS = 0.3  # until the request of a connection that was just accepted has arrived


class Server(uvicorn.Server):
    """uvicorn, with a drain before its shutdown.

    After SIGTERM it serves on for `drain_seconds`, in which /readyz says 503 and each answer closes its connection, so
    that a proxy turns to another process. Then it listens no more, and finishes what it has begun.
    """

    def __init__(self, config: uvicorn.Config, *, drain_seconds: float = 0.0) -> None:
        super().__init__(config)
        self.drain_seconds = drain_seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        """Renew the Date of answers each second until a signal; uvicorn itself looks for one ten times a second."""
        self.loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.told.wait(), TICK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal as uvicorn does, and wake the loop up."""
        super().handle_exit(sig, frame)
        if self.loop:
            self.loop.call_soon_threadsafe(self.told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then shut down as uvicorn does."""
        supervisor.stopping()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await self._pause(self.drain_seconds)
        for server in self.servers:
            server.close()
        await self._pause(LAST_WORDS_SECONDS)
        await super().shutdown(sockets)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the second Ctrl-C."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.force_exit and loop.time() < end:  # noqa: ASYNC110 a signal handler sets a plain flag
            await asyncio.sleep(0.05)


def run(*, host: str, port: int, workers: int, drain_seconds: float) -> bool:
    """Serve until a signal, on the sockets of systemd if it handed some over; False if the server could not start."""
    config = uvicorn.Config(
        APPLICATION,
        host=host,
        port=port,
        workers=workers,
        log_config=None,  # Django has set logging up
        **OPTIONS,
    )
    handed = supervisor.handed_sockets()
    if workers == 1:
        config.load()  # all that we serve, for as long as the embedded servers take to start
    embedded.await_running()
    if workers > 1:
        Multiprocess(config, handed or [config.bind_socket()]).run()
        return True
    server = Server(config, drain_seconds=drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal that ended it once more
        server.run(sockets=handed or None)
    return server.started
