"""Waiting for what takes its time; PATIENCE=10 waits ten times as long, on machines with other things to do."""

import os
import time
from collections.abc import Callable
from typing import Any

PATIENCE = float(os.environ.get("PATIENCE") or 1)
# Where all takes that long, Dashtam itself must not give up before.
SLOW_MACHINE = {
    "REQUEST_SECONDS": "300",
    "DATABASE_WAIT_SECONDS": "60",
    "DATABASE_STATEMENT_TIMEOUT": "120000",
    "HASH_WAIT_SECONDS": "60",
    "PROVIDER_DEADLINE_SECONDS": "120",
}


def wait_for(probe: Callable[[], Any], what: str, *, seconds: float) -> Any:
    """The first true answer of `probe`; raises AssertionError when there was none in time."""
    deadline = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.2)  # noqa: TID251 a command of its own, whose only thread waits
    raise AssertionError(f"waited {seconds * PATIENCE:.0f} seconds for {what}")


def settings() -> dict[str, str]:
    """Settings of an installation on this machine."""
    return SLOW_MACHINE if PATIENCE > 1 else {}
