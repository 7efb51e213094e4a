"""Webhooks that a vendor sends: one attempt each, in the background."""

import asyncio
from contextlib import suppress

import httpx

_tasks: set["asyncio.Task[None]"] = set()


def post_soon(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send a webhook without waiting for the answer."""
    task = asyncio.get_running_loop().create_task(_post(url, body, headers))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            await client.post(url, content=body, headers=headers)
