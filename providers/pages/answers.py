"""Answers that several journeys give."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render

from dashtam.errors import DashtamError, NotFound


def refused(request: Any, error: DashtamError) -> HttpResponse:
    """Why linking did not work, with a way on."""
    page = render(request, "providers/linking_failed.html", {"error": error}, status=error.status)
    page["Referrer-Policy"] = "no-referrer"
    if error.retry_after is not None:
        page["Retry-After"] = str(error.retry_after)
    return page


def error_called(code: str) -> type[DashtamError]:
    """The kind of error with this code. Raises NotFound."""
    kinds = [DashtamError]
    for kind in kinds:
        if kind.code == code and "code" in vars(kind):
            return kind
        kinds.extend(kind.__subclasses__())
    raise NotFound


def may_lead_to(request: Any, url: str) -> None:
    """Let the forms of the page that answers this request end at another origin.

    Chromium applies form-action to the redirects that follow a form, so `'self'` alone would stop them.
    """
    parts = urlsplit(url)
    request.form_target = f"{parts.scheme}://{parts.netloc}"
