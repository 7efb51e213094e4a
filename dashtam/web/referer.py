"""The Referer header (RFC 9110 §10.1.3): the page of ours that sent a request."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def page_before(request: HttpRequest) -> str:
    """The path of our page that sent this request; empty when it is unknown, or not ours."""
    try:
        page = urlsplit(request.META.get("HTTP_REFERER", ""))
    except ValueError:
        return ""
    return own_path(page.path) if page.netloc and page.netloc == request.META.get("HTTP_HOST") else ""


def own_path(path: str) -> str:
    """The path, unless a browser would take it for another host's address (`//evil.example`)."""
    return path if url_has_allowed_host_and_scheme(path, allowed_hosts=None) else "/"
