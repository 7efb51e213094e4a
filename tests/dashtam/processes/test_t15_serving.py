"""The web process as a server: its clock, and its end."""

import asyncio
import signal
from typing import Any

import uvicorn

from dashtam.processes.serving import Server

PATIENCE = 20


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nobody asks")


async def test_t15_a_server_tells_the_time_and_ends_by_its_signal() -> None:
    config = uvicorn.Config(_nothing, log_config=None)
    config.load()
    server = Server(config)
    serving = asyncio.create_task(server.main_loop())
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(0)  # it has begun to wait
        assert server.server_state.default_headers[0][0] == b"date"
        server.handle_exit(signal.SIGTERM, None)
        await serving
    assert server.should_exit


async def test_t15_a_signal_that_came_before_the_first_request_ends_it_too() -> None:
    config = uvicorn.Config(_nothing, log_config=None)
    config.load()
    server = Server(config)
    server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(PATIENCE):
        await server.main_loop()
