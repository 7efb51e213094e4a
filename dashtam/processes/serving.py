"""The web process as a server that ends without costing a request."""

import asyncio
import contextlib
import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from dashtam.processes import supervisor
from dashtam.processes.server import OPTIONS

APPLICATION = "dashtam.asgi:application"
LAST_WORDS_SECONDS = 0.3  # until the request of a connection that was just accepted has arrived


class Server(uvicorn.Server):
    """uvicorn, with a drain before its shutdown.

    After SIGTERM it serves on for `drain_seconds`, in which /readyz says 503 and each answer closes its connection, so
    that a proxy turns to another process. Then it listens no more, and finishes what it has begun.
    """

    def __init__(self, config: uvicorn.Config, *, drain_seconds: float = 0.0) -> None:
        super().__init__(config)
        self.drain_seconds = drain_seconds

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
    if workers > 1:
        Multiprocess(config, handed or [config.bind_socket()]).run()
        return True
    server = Server(config, drain_seconds=drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal that ended it once more
        server.run(sockets=handed or None)
    return server.started
