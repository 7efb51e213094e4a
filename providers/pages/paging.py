"""Links to the next older and the next newer page of a list, in both directions from any page."""

from django.http import HttpRequest


def links(request: HttpRequest, *, older: str | None, newer: str | None, anchor: str) -> dict[str, str]:
    """`older_url` and `newer_url`. A cursor of None means there is no such page, "" the first page."""
    return {
        "older_url": _url(request, older, anchor) if older else "",
        "newer_url": "" if newer is None else _url(request, newer, anchor),
    }


def _url(request: HttpRequest, cursor: str, anchor: str) -> str:
    query = request.GET.copy()
    query.pop("cursor", None)
    if cursor:
        query["cursor"] = cursor
    return f"{request.path}{'?' if query else ''}{query.urlencode()}#{anchor}"
