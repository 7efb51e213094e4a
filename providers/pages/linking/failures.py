"""Pages of links that came to nothing."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dashtam.errors import DashtamError, NotFound
from dashtam.web.rendering import rendered


@require_safe
async def failed(request: Any, code: str) -> HttpResponse:
    """The page of a failed link, at a URL with nothing but the error's code."""
    return await refused(request, error_called(code)())


async def refused(request: Any, error: DashtamError) -> HttpResponse:
    """The page that says why linking did not work, with links to go on."""
    page = await rendered(request, "providers/linking_failed.html", {"error": error}, status=error.status)
    page["Referrer-Policy"] = "no-referrer"
    if error.retry_after is not None:
        page["Retry-After"] = str(error.retry_after)
    return page


def error_called(code: str) -> type[DashtamError]:
    """The class of errors with this code. Raises NotFound."""
    kinds = [DashtamError]
    for kind in kinds:
        if kind.code == code and "code" in vars(kind):
            return kind
        kinds.extend(kind.__subclasses__())
    raise NotFound
