"""Presence: the address and agent of a person's browser while they wait for a run. Only the cache keeps it."""

from collections.abc import Mapping
from uuid import UUID

from dashtam.cache import cache

SECONDS = 120  # by then they have gone on to something else


async def note(run_id: UUID, present: Mapping[str, str]) -> None:
    """Remember who waits for a run; nothing is kept for a run that no person asked for."""
    if present:
        await cache().set(_key(run_id), dict(present), seconds=SECONDS)


async def of(run_id: UUID) -> dict[str, str]:
    """The description of the browser that waits for the run; empty where none does."""
    return await cache().get(_key(run_id), dict[str, str]) or {}


def _key(run_id: UUID) -> str:
    return f"present:{run_id}"
