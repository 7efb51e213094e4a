"""How uvicorn serves Dashtam: its options, and the same bounds where it was started without them."""

import ctypes
import logging
import os
import resource
import sys
from typing import Any

from dashtam.telemetry import logs

logger = logging.getLogger(__name__)

LARGEST_FRAME = 1_024  # bytes of one WebSocket message, inflated; a ping is the longest that any client needs
FRAMES = {"ws_max_size": LARGEST_FRAME, "ws_per_message_deflate": False, "ws_max_queue": 4}
OPTIONS: dict[str, Any] = {
    **FRAMES,
    "ws": "websockets-sansio",
    "proxy_headers": False,  # TRUSTED_PROXIES is Dashtam's own
    "server_header": False,
    "access_log": False,  # Dashtam writes a line of its own for each request
    "backlog": 2_048,
    "timeout_keep_alive": 65,  # longer than nginx keeps its own, so that it never finds a connection closed
    "timeout_graceful_shutdown": 30,
}
with_worker = False  # True where this process is to work on jobs too
M_ARENA_MAX = -8  # glibc's number for it
SPARE = 128  # descriptors that stay free of WebSockets, for requests, files and connections to other servers


def prepare(receive: Any) -> None:
    """Make this process ready to serve: its memory, the frames of its sockets, and how many it may have open."""
    spare_memory()
    bound_frames(receive)
    raise_descriptor_limit()


def bound_frames(receive: Any) -> None:
    """Give the server that calls this lifespan our bounds of WebSocket frames, whatever it was started with.

    uvicorn inflates a frame before any application sees it, and by default up to 16 MB. It reads these options of its
    configuration anew for each connection.
    """
    config = _config(receive)
    for name, value in FRAMES.items():
        if hasattr(config, name):
            setattr(config, name, value)


def frames_are_bounded(receive: Any) -> bool:
    """Return False for a socket of a server that is known to inflate more, such as uvicorn without its lifespan."""
    return int(getattr(_config(receive), "ws_max_size", 0)) <= LARGEST_FRAME


def _config(receive: Any) -> Any:
    return getattr(getattr(receive, "__self__", None), "config", None)


def spare_memory() -> None:
    """Have threads share two of glibc's arenas: by default each may get one of its own, which stays when it is empty.

    Only for memory that C code asks for; Python's own objects lie elsewhere.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_ARENA_MAX, 2)


def raise_descriptor_limit() -> None:
    """Raise this process's soft limit of open files to the hard one: every socket takes one of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logs.event(logger, "process.limits", open_files=descriptor_limit())


def descriptor_limit() -> int:
    """How many files and sockets this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def has_room(*, spare: int = SPARE) -> bool:
    """Return False when fewer than `spare` descriptors are left. The system gives out the lowest free number."""
    try:
        lowest = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return False
    os.close(lowest)
    limit = descriptor_limit()
    return limit == resource.RLIM_INFINITY or lowest + min(spare, limit // 4) < limit
