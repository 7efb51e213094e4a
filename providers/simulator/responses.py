"""JSON replies, and the guard that lets only some methods through."""

from collections.abc import Callable, Coroutine
from decimal import Decimal
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def reply(data: dict[str, Any], status: int = 200, **headers: str) -> HttpResponse:
    """A JSON reply that no cache keeps. Header names are given with underscores."""
    response = JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def problem(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    """An error as JSON: `{"error": {"code", "message"}}`."""
    return reply({"error": {"code": code, "message": message}}, status, **headers)


def methods(*allowed: str) -> Callable[[View], View]:
    """Refuse other methods with 405."""

    def guard(view: View) -> View:
        @wraps(view)
        async def guarded(request: HttpRequest, **path: str) -> HttpResponse:
            if request.method not in allowed:
                text = f"This endpoint answers {' and '.join(allowed)} only."
                return problem(405, "method_not_allowed", text, Allow=", ".join(allowed))
            return await view(request, **path)

        return guarded

    return guard


def plain(number: Decimal | None) -> str | None:
    """A decimal as text, without an exponent."""
    return None if number is None else format(number, "f")
