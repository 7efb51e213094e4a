"""Signing in and out."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import browser, known_devices, wiring
from accounts.errors import InvalidCredentials
from accounts.models import Session
from accounts.pages.answers import NOT_NOW, form_page, see_other
from accounts.pages.forms import SignInForm
from accounts.pages.registration import FORM_METHODS
from dashtam import client


@require_http_methods(FORM_METHODS)
async def sign_in(request: Any) -> HttpResponse:
    """An address and a password."""
    if request.principal is not None:
        return redirect(_next(request, request.GET.get("next", "")))
    wanted = request.GET.get("next", "")
    form = SignInForm(request.POST or None, initial={"next": wanted})
    if form.is_valid():
        try:
            await _open_session(request, form)
        except (InvalidCredentials, *NOT_NOW) as error:
            form.take(error)
        else:
            return see_other(_next(request, form.cleaned_data["next"]))
    return form_page(request, "accounts/sign_in.html", form, sent_here=wanted not in {"", "/"})


async def _open_session(request: Any, form: SignInForm) -> None:
    signed_in = await wiring.auth_service().log_in(
        email=form.cleaned_data["email"],
        password=form.cleaned_data["password"],
        kind=Session.Kind.BROWSER,
        user_agent=client.user_agent(request),
        ip=client.client_ip(request),
        device=known_devices.device_of(request, form.cleaned_data["email"]),
    )
    browser.sign_in(request, session_id=signed_in.session.id, user=signed_in.user)


def _next(request: Any, wanted: str) -> str:
    """Where to go afterwards: an address of ours, or the dashboard."""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url("dashboard")


@require_POST
async def sign_out(request: Any) -> HttpResponse:
    """End the session, here and for every tab."""
    if request.principal is not None:
        await wiring.auth_service().log_out(session_id=request.principal.session_id)
    request.session.flush()
    messages.success(request, "You are signed out.")
    response = see_other("sign-in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
