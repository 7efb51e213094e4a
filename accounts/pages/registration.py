"""Pages of signing up: the form, the mail, the confirmed email address."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import wiring
from accounts.entrance import cookie
from accounts.errors import InvalidCredentials, LinkNotValid, OtpRequired, SignUpClosed, SignUpContested
from accounts.models.user import Verified
from accounts.pages import links
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import ConfirmationForm, EmailForm, SignUpForm
from accounts.pages.second_factors import sign_in_step
from dashtam.errors import ValidationFailed
from dashtam.web.rendering import rendered

LINK_AGAIN = (
    "If that address is waiting to be confirmed, a new link is on its way. "
    "We send one every three minutes at most; until then the last one works."
)
ASK_WHICH = "This address was used to sign up more than once. Enter the password that you chose."
# In the signed cookie of the session, which is bound to this host:
MAILED_TO = "mailed-to"  # the email address of the sign-up that has just been sent
SIGNED_UP = "signed-up"  # the random key of that sign-up, kept whether or not the address was known before


@require_http_methods(FORM_METHODS)
async def sign_up(request: Any) -> HttpResponse:
    """Sign up, with a name, an email address and a password."""
    if request.principal is not None:
        return redirect("dashboard")
    refused = await wiring.invitation_service().refusal_of_strangers()
    if refused is not None:
        return await rendered(request, "accounts/sign_up_refused.html", {"refused": refused}, status=403)
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        browser_key = secrets.token_urlsafe(32)
        try:
            await wiring.auth_service().register_user(**form.cleaned_data, browser_key=browser_key)
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        else:
            request.session[MAILED_TO] = form.cleaned_data["email"]
            request.session[SIGNED_UP] = browser_key
            return see_other("check-your-mail")
    return await form_page(request, "accounts/sign_up.html", form)


@require_http_methods(FORM_METHODS)
async def check_your_mail(request: Any) -> HttpResponse:
    """Explain the next step, and offer another mail."""
    mailed_to = request.session.get(MAILED_TO, "")
    form = EmailForm(request.POST or None, initial={"email": mailed_to})
    if form.is_valid():
        try:
            await wiring.auth_service().resend_verification(**form.cleaned_data)
        except NOT_NOW as error:
            form.take(error)
        else:
            messages.success(request, LINK_AGAIN)
            return see_other("check-your-mail")
    return await form_page(request, "accounts/check_your_mail.html", form, mailed_to=mailed_to)


@require_http_methods(FORM_METHODS)
async def verify_email(request: Any) -> HttpResponse:
    """Confirm an email address, by the mailed link. Only the button confirms: mail scanners follow links, too."""
    if request.method != "POST":
        return links.set_aside(request, "verify-email") or await links.page(
            request, "verify-email", "accounts/verify_email.html", ConfirmationForm
        )
    form = ConfirmationForm(request.POST)
    contested = bool(request.POST.get("password"))
    if form.is_valid():
        token, password = form.cleaned_data["token"], form.cleaned_data["password"]
        try:
            verified = await wiring.auth_service().verify_email(
                token=token, password=password or None, browser_key=request.session.get(SIGNED_UP, "")
            )
        except SignUpContested:
            contested = True
            form.add_error("password", ASK_WHICH)
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        except (LinkNotValid, SignUpClosed) as error:
            links.forget(request, "verify-email")
            form.take(error)
        else:
            links.forget(request, "verify-email")
            return await _go_on(request, verified)
    return await form_page(request, "accounts/verify_email.html", form, contested=contested)


async def _go_on(request: Any, verified: Verified) -> HttpResponse:
    """Sign in the browser that signed up, if a second factor asks for no more; lead every other to the sign-in page."""
    device = cookie.device_of(request, verified.user.email)
    try:
        if request.principal is not None:
            raise InvalidCredentials  # somebody else's session stays as it is
        session = await wiring.auth_service().log_in_verified(verified, device=device)
    except OtpRequired as error:
        return sign_in_step.begin(request, error.user, "")
    except (InvalidCredentials, *NOT_NOW):
        messages.success(request, "Your address is confirmed. You can sign in now.")
        return see_other("sign-in")
    cookie.sign_in(request, session)
    messages.success(request, "Your address is confirmed. Welcome to Dashtam.")
    return see_other("dashboard")
