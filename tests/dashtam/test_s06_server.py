"""The bounds of the server: descriptors, and how sockets are refused before they run out."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dashtam.asgi import application
from dashtam.processes import server


@contextmanager
def few_descriptors(left: int) -> Iterator[None]:
    """This process may open so many files more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(2)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_s06_the_limit_of_open_files_is_raised_as_far_as_the_system_allows() -> None:
    with few_descriptors(300):
        server.raise_descriptor_limit()
        assert server.descriptor_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[1]


async def test_s06_a_socket_is_refused_before_descriptors_run_out(db: None) -> None:
    assert server.has_room()
    with few_descriptors(3):
        assert not server.has_room()
        assert await handshake() == (503, b"30")
    assert (await handshake())[0] == 403


class UvicornConfig:
    ws_max_size = 16 * 1024 * 1024
    ws_per_message_deflate = True


class Protocol:
    """As uvicorn's: `receive` is a method of an object that has the configuration."""

    def __init__(self, config: Any) -> None:
        self.config = config

    async def receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}


async def test_s06_a_server_that_would_inflate_large_frames_opens_no_socket(db: None) -> None:
    config = UvicornConfig()
    assert (await handshake(Protocol(config).receive))[0] == 503
    server.bound_frames(Protocol(config).receive)
    assert (config.ws_max_size, config.ws_per_message_deflate) == (server.LARGEST_FRAME, False)
    assert (await handshake(Protocol(config).receive))[0] == 403


async def handshake(receive: Any = None) -> tuple[int, bytes | None]:
    """The status and the Retry-After that a socket without a ticket gets."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "websocket", "path": "/ws/events", "query_string": b"", "headers": []}
    scope["extensions"] = {"websocket.http.response": {}}
    await application(scope, receive or Protocol(None).receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]).get(b"retry-after")
