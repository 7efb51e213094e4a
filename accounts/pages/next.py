"""Where somebody wanted to go."""

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request: HttpRequest, wanted: str) -> str:
    """An address of ours, or the dashboard."""
    if not wanted.startswith("/"):
        return resolve_url("dashboard")  # Django would take a word for the name of a page
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url("dashboard")
