"""Pages of signing in and out."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts import wiring
from accounts.entrance import cookie
from accounts.errors import InvalidCredentials, OtpRequired
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, next_page, see_other
from accounts.pages.forms import SignInForm
from accounts.pages.second_factors import sign_in_step


@require_http_methods(FORM_METHODS)
async def sign_in(request: Any) -> HttpResponse:
    """Sign in with an email address and a password."""
    if request.principal is not None:
        return redirect(next_page(request, request.GET.get("next", "")))
    wanted = request.GET.get("next", "")
    form = SignInForm(request.POST or None, initial={"next": wanted})
    if form.is_valid():
        try:
            await _open_session(request, form)
        except OtpRequired as error:
            return sign_in_step.begin(request, error.user, form.cleaned_data["next"])
        except (InvalidCredentials, *NOT_NOW) as error:
            form.take(error)
        else:
            return see_other(next_page(request, form.cleaned_data["next"]))
    refused = await wiring.invitation_service().refusal_of_strangers()
    sent_here = wanted not in {"", "/"}
    return await form_page(request, "accounts/sign_in.html", form, sent_here=sent_here, refused=refused)


async def _open_session(request: Any, form: SignInForm) -> None:
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    device = cookie.device_of(request, email)
    session = await wiring.auth_service().log_in(email=email, password=password, device=device)
    cookie.sign_in(request, session)


@require_POST
async def sign_out(request: Any) -> HttpResponse:
    """End the session, in all tabs."""
    if request.principal is not None:
        await wiring.auth_service().log_out(session_id=request.principal.session_id)
    request.session.flush()
    messages.success(request, "You are signed out.")
    response = see_other("sign-in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
