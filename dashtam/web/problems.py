"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

import itertools
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.urls import reverse
from rest_framework import exceptions as drf

from dashtam import errors
from dashtam.bridge.database import is_outage
from dashtam.errors import DashtamError
from dashtam.telemetry import logs
from dashtam.web.paths import program_paths
from dashtam.web.referer import own_path, page_before

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 20  # that one answer lists
LONGEST_FIELD, LONGEST_DETAIL = 100, 300  # characters of each, which may repeat what was sent

KNOWN: tuple[
    tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[], DashtamError]], ...
] = (
    ((Http404, drf.NotFound), errors.NotFound),
    (drf.MethodNotAllowed, errors.MethodNotAllowed),
    (drf.UnsupportedMediaType, errors.UnsupportedMedia),
    (RequestDataTooBig, errors.PayloadTooLarge),
    ((PermissionDenied, drf.PermissionDenied), errors.Forbidden),
    ((SuspiciousOperation, TooManyFieldsSent, UnreadablePostError), errors.BadRequest),
    ((BadRequest, MultiPartParserError), errors.BadRequest),
    ((drf.ParseError, RecursionError, UnicodeError), errors.BadRequest),
)


class StalePage(errors.Forbidden):
    """A form whose CSRF token does not count."""

    code = "csrf_failed"
    title = "This page was open too long."
    detail = "Nothing was sent. Reload the page and send it again. If that does not help, allow cookies."


def typed(error: BaseException) -> DashtamError:
    """The DashtamError that stands for any exception; an unknown one is our fault and is logged."""
    if isinstance(error, DashtamError):
        return error
    if isinstance(error, drf.ValidationError):
        return errors.ValidationFailed(
            errors=list(itertools.islice(_field_errors(error.detail), MOST_ERRORS))
        )
    if is_outage(error):
        return errors.ServiceBusy(code="database_unavailable")
    for kinds, make in KNOWN:
        if isinstance(error, kinds):
            return make()
    if isinstance(error, drf.APIException):
        return errors.BadRequest() if error.status_code < 500 else DashtamError()
    return DashtamError()


def _field_errors(detail: Any, path: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, f"{path}.{here}".strip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            yield from _field_errors(inner, f"{path}.{index}".strip(".") if nested else path)
    else:
        yield errors.FieldError(path, str(getattr(detail, "code", "invalid")), str(detail))


def content(error: DashtamError, request_id: str) -> dict[str, Any]:
    """The members of the error as a problem (RFC 9457 §3.1)."""
    body: dict[str, Any] = {
        "type": f"urn:dashtam:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        body["errors"] = [
            {"field": e.field[:LONGEST_FIELD], "code": e.code, "detail": e.detail[:LONGEST_DETAIL]}
            for e in error.errors[:MOST_ERRORS]
        ]
    return body


def problem(error: DashtamError, request_id: str) -> HttpResponse:
    """The error as application/problem+json."""
    body = msgspec.json.encode(content(error, request_id))
    response = HttpResponse(body, content_type=CONTENT_TYPE, status=error.status)
    return _with_headers(response, error)


def _with_headers(response: HttpResponse, error: DashtamError) -> HttpResponse:
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.UpgradeRequired):
        response["Upgrade"] = "websocket"
    if error.challenge:
        response["WWW-Authenticate"] = error.challenge
    response["Cache-Control"] = "no-store"
    return response


def respond(request: HttpRequest, error: DashtamError) -> HttpResponse:
    """The error in the form this address answers in."""
    request_id = getattr(request, "id", "")
    if program_paths.for_programs(request.path):
        return problem(error, request_id)
    known = {400, 403, 404, 429, 500, 503}
    template = f"errors/{error.status if error.status in known else 400}.html"
    back = (page_before(request) if request.method == "POST" else "") or own_path(request.path)
    context = {"error": error, "request_id": request_id, "back": back}
    page = render(request, template, context, status=error.status)
    return _with_headers(page, error)


def not_taken(request: HttpRequest, allowed: str) -> HttpResponse:
    """405, with the methods that the address does take (RFC 9110 §15.5.6)."""
    response = respond(request, errors.MethodNotAllowed())
    response["Allow"] = allowed
    return response


def log_if_ours(error: BaseException, typed_error: DashtamError) -> None:
    """Unknown exceptions are bugs: keep the stack, but not the message, which may carry what people typed."""
    if typed_error.status == 500:
        logs.event(logger, "exception.unhandled", level=logging.ERROR, exception=logs.frames(error))
    elif typed_error.status == 503:
        after = type(error).__name__
        logs.event(logger, "request.postponed", level=logging.WARNING, code=typed_error.code, after=after)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return respond(request, typed(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return respond(request, errors.NotFound())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return respond(request, errors.Forbidden())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return respond(request, DashtamError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came back without its CSRF token: an old tab, blocked cookies, or a forgery."""
    if request.path == reverse("sign-in") and getattr(request, "principal", None) is not None:
        response = redirect("dashboard")  # they have signed in from another tab meanwhile
        response.status_code = 303
        return response
    return respond(request, StalePage())
