"""Pages rendered off the event loop: templates take 2 to 40 ms, for which no other request should wait."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashtam.bridge.doors import run_rendering


async def rendered(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """The page. Its context holds what has been read already."""
    return await run_rendering(render, request, template, context, None, status)
