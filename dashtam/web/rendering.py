"""Pages rendered and compressed off the event loop, which takes 2 to 40 ms, for which no other request should wait."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render

from dashtam.bridge.doors import run_rendering
from dashtam.errors import DashtamError

# Read for each page of a signed-in person, by its name in the templates of navigation: apps register it as they start.
beside: dict[str, Callable[[UUID], Awaitable[Any]]] = {}

# Django's: with bytes of random number in each answer, its length tells a guesser nothing (BREACH). The CSRF token
# in a page differs each time, and no other site's page can have one asked for with our cookies.
_packer = GZipMiddleware(lambda request: HttpResponse())


async def rendered(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """The page, compressed for browsers that ask for that. Its context holds what has been read already.

    With `shows_secret` in its context, which a page has that shows a secret this once, it is not compressed.
    """
    context = {**(context or {}), **await _beside(request, status)}
    return await run_rendering(_page, request, template, context, status)


async def _beside(request: Any, status: int) -> dict[str, Any]:
    """The page stays without it where it cannot be read: navigation is no reason to fail."""
    principal = getattr(request, "principal", None)
    if principal is None or status >= 500:
        return {}
    try:
        return {name: await read(principal.user_id) for name, read in beside.items()}
    except (DatabaseError, InterfaceError, DashtamError):
        return {}


def _page(request: HttpRequest, template: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    page = render(request, template, context, None, status)
    if context.get("shows_secret"):
        return page
    return cast("HttpResponse", _packer.process_response(request, page))
