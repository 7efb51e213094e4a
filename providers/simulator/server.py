"""Serves the bank with uvicorn on the loopback interface, and stops without output."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from providers.simulator.app import BankApp
from providers.simulator.bank import Bank


class BankProtocol(H11Protocol):
    """Hands the transport to the application, so that a fault can cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called once per connection."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class BankServer(uvicorn.Server):
    """Ends on a signal, or with its standard input if told to, and drops requests that still hang."""

    def __init__(self, bank: Bank, *, until_stdin_closes: bool) -> None:
        config = uvicorn.Config(
            BankApp(bank),
            http=BankProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)
        self.bank = bank
        self.until_stdin_closes = until_stdin_closes

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and watch the standard input if told to."""
        await super().startup(sockets)
        if self.until_stdin_closes:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read_stdin)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals without raising them again once the server has stopped, as uvicorn does."""
        kept = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal."""
        self._leave()

    def _read_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._leave()

    def _leave(self) -> None:
        self.bank.faults.closing.set()
        self.should_exit = True
