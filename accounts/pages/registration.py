"""Pages of signing up: the form, the mail, the confirmed email address."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import wiring
from accounts.errors import LinkNotValid, SignUpContested
from accounts.pages import links
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import ConfirmationForm, EmailForm, SignUpForm
from dashtam.errors import ValidationFailed

LINK_AGAIN = (
    "If that address is waiting to be confirmed, a new link is on its way. "
    "We send one every three minutes at most; until then the last one works."
)
ASK_WHICH = "This address was used to sign up more than once. Enter the password that you chose."
MAILED_TO = "mailed-to"  # in the session: the email address of a sign-up that has just been sent


@require_http_methods(FORM_METHODS)
async def sign_up(request: Any) -> HttpResponse:
    """Sign up, with a name, an email address and a password."""
    if request.principal is not None:
        return redirect("dashboard")
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        try:
            await wiring.auth_service().register_user(**form.cleaned_data)
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        else:
            request.session[MAILED_TO] = form.cleaned_data["email"]
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
            await wiring.auth_service().verify_email(token=token, password=password or None)
        except SignUpContested:
            contested = True
            form.add_error("password", ASK_WHICH)
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        except LinkNotValid as error:
            links.forget(request, "verify-email")
            form.take(error)
        else:
            links.forget(request, "verify-email")
            messages.success(request, "Your address is confirmed. You can sign in now.")
            return see_other("sign-in")
    return await form_page(request, "accounts/verify_email.html", form, contested=contested)
