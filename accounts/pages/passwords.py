"""Pages of passwords: forgotten ones, new ones, and the security settings."""

import functools
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import queries, wiring
from accounts.entrance import cookie, known_devices
from accounts.errors import LinkNotValid, ReauthRequired
from accounts.oidc import queries as oidc_queries
from accounts.pages import links
from accounts.pages.access import SignedInRequest, signed_in, to_reauthentication
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import ChangePasswordForm, EmailForm, ResetPasswordForm
from dashtam.errors import Conflict, ValidationFailed
from dashtam.web import visitor

LINK_SENT = (
    "If that address has an account, a link is on its way. It works for 30 minutes. "
    "We send one every three minutes at most; until then the last one works."
)


@require_http_methods(FORM_METHODS)
async def forgot_password(request: Any) -> HttpResponse:
    """Ask for a link to set a new password."""
    form = EmailForm(request.POST or None)
    if form.is_valid():
        try:
            await wiring.password_change_service().request_reset(**form.cleaned_data)
        except NOT_NOW as error:
            form.take(error)
        else:
            messages.success(request, LINK_SENT)
            return see_other("forgot-password")
    return await form_page(request, "accounts/forgot_password.html", form)


@require_http_methods(FORM_METHODS)
async def reset_password(request: Any) -> HttpResponse:
    """Set a new password, by the mailed link."""
    service = wiring.password_change_service()
    if request.method != "POST":
        keys = await service.api_keys(token=request.session.get("reset-password", ""))
        shown = functools.partial(ResetPasswordForm, api_keys=keys)
        return links.set_aside(request, "reset-password") or await links.page(
            request, "reset-password", "accounts/reset_password.html", shown
        )
    keys = await service.api_keys(token=request.POST.get("token", ""))
    form = ResetPasswordForm(request.POST, api_keys=keys)
    if form.is_valid():
        try:
            email = await service.reset(**form.cleaned_data, ip=visitor.client_ip(request))
        except LinkNotValid as error:
            links.forget(request, "reset-password")
            form.take(error)
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        else:
            request.session.flush()
            known_devices.remember(request, email)  # guesses from elsewhere must not keep the owner out
            messages.success(
                request,
                "Your password is changed, and you are signed out everywhere. Sign in with it now. "
                "API keys that you did not choose to keep no longer work.",
            )
            return see_other("sign-in")
    return await form_page(request, "accounts/reset_password.html", form)


@require_http_methods(FORM_METHODS)
@signed_in
async def security(request: SignedInRequest) -> HttpResponse:
    """Show second factors, and a form to change one's password."""
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            request.principal.require_fresh_factor()
            session = await wiring.password_change_service().change(
                user_id=request.principal.user_id,
                session_id=request.principal.session_id,
                ip=visitor.client_ip(request),
                **form.cleaned_data,
            )
        except ReauthRequired:
            return to_reauthentication(request)
        except (ValidationFailed, Conflict, *NOT_NOW) as error:
            form.take(error)
        else:
            cookie.sign_in(request, session)
            messages.success(request, "Your password is changed. Every other device is signed out.")
            return see_other("settings-security")
    factors = await queries.second_factors(request.principal.user_id)
    linked = await oidc_queries.identities(request.principal.user_id)
    return await form_page(request, "accounts/security.html", form, factors=factors, linked=linked)
