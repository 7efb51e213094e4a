"""Parameters of OAuth requests, read in one way by every endpoint."""

from collections.abc import Iterable

from django.http import HttpRequest, QueryDict


def credentials(request: HttpRequest) -> tuple[str, str]:
    """The lower-case scheme and the rest of the Authorization header (RFC 9110 section 11.6.2)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower(), value


def repeated(form: QueryDict, names: Iterable[str]) -> str | None:
    """The first of these parameters that was sent more than once (RFC 6749 sections 3.1 and 3.2)."""
    return next((name for name in names if len(form.getlist(name)) > 1), None)
