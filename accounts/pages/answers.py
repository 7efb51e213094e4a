"""Answers of form pages."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from dashtam.errors import DashtamError, ServiceBusy, TooManyRequests
from dashtam.web.rendering import rendered

FORM_METHODS = ("GET", "HEAD", "POST")
# Errors that a form shows beside its fields: an error page of their own would lose what was typed.
NOT_NOW = (TooManyRequests, ServiceBusy)


async def form_page(request: HttpRequest, template: str, form: Form, **context: Any) -> HttpResponse:
    """Render a form page; 422 when there are errors in it. Typed values stay, except passwords."""
    not_now: DashtamError | None = getattr(form, "not_now", None)
    status = not_now.status if not_now else 422 if form.is_bound and form.errors else 200
    response = await rendered(request, template, {"form": form, **context}, status=status)
    if not_now:
        response["Retry-After"] = str(not_now.retry_after)
    return response


def see_other(to: str) -> HttpResponse:
    """Redirect to another page, with a GET (RFC 9110 §15.4.4)."""
    response = redirect(to)
    response.status_code = 303
    return response


def next_page(request: HttpRequest, wanted: str) -> str:
    """The URL `wanted` if it is one of ours, else the dashboard."""
    if not wanted.startswith("/"):
        return resolve_url("dashboard")  # Django would take a word for the name of a page
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url("dashboard")
