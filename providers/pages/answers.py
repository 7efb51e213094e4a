"""Answers that several journeys give."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render

from dashtam.errors import DashtamError
from dashtam.middleware import CONTENT_SECURITY_POLICY


def refused(request: Any, error: DashtamError) -> HttpResponse:
    """Why linking did not work, with a way on."""
    page = render(request, "providers/linking_failed.html", {"error": error}, status=error.status)
    page["Referrer-Policy"] = "no-referrer"
    if error.retry_after is not None:
        page["Retry-After"] = str(error.retry_after)
    return page


def may_lead_to(response: HttpResponse, url: str) -> HttpResponse:
    """Let the page's form end at another origin.

    Chromium applies form-action to the redirects that follow a form, so `'self'` alone would stop them.
    """
    parts = urlsplit(url)
    allowed = f"form-action 'self' {parts.scheme}://{parts.netloc}"
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace("form-action 'self'", allowed)
    return response
