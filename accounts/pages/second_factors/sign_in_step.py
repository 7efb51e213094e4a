"""The second step of a sign-in: a page that asks for a second factor after the password."""

import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts import queries, wiring
from accounts.entrance import cookie
from accounts.errors import InvalidCredentials, OtpInvalid, StepExpired
from accounts.models import User
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, next_page, see_other
from accounts.pages.forms import OtpForm
from accounts.services.second_factors.password_step import PasswordStep

KEY = "step"  # in the signed cookie of this browser: the password step, and when it was taken
SECONDS = 300


def begin(request: HttpRequest, user: User, wanted: str) -> HttpResponse:
    """Keep the password step, and redirect to the page that asks for the second factor."""
    request.session.flush()
    step = PasswordStep.of(user)
    request.session[KEY] = {
        "user": str(step.user_id),
        "mark": step.mark,
        "at": int(time.time()),
        "next": wanted[:2000],
    }
    return see_other("second-step")


def under_way(request: HttpRequest) -> PasswordStep:
    """The password step that was taken in this browser moments ago. Raises StepExpired."""
    kept = request.session.get(KEY)
    if not isinstance(kept, dict) or time.time() - kept["at"] > SECONDS:
        raise StepExpired
    return PasswordStep(UUID(kept["user"]), kept["mark"])


def wanted_page(request: HttpRequest) -> str:
    """The page to go on to after the sign-in."""
    return next_page(request, request.session.get(KEY, {}).get("next", ""))


def start_again(request: HttpRequest) -> HttpResponse:
    """Redirect to the password, with a message."""
    wanted = request.session.pop(KEY, {}).get("next", "")
    messages.warning(request, "That took a little too long. Please start again with your password.")
    query = urlencode({"next": wanted}) if wanted else ""
    return redirect(f"{reverse('sign-in')}?{query}".rstrip("?"))


@require_http_methods(FORM_METHODS)
async def second_step(request: Any) -> HttpResponse:
    """Ask for a code of an authenticator app, a recovery code, or a passkey."""
    if request.principal is not None:
        return redirect("dashboard")
    form = OtpForm(request.POST or None)
    try:
        step = under_way(request)
        user = await wiring.auth_service().user_of(step)
        if form.is_valid():
            return await _finish(request, step, user, form)
    except (StepExpired, InvalidCredentials):
        return start_again(request)
    factors = await queries.second_factors(user.id)
    return await form_page(request, "accounts/second_step.html", form, factors=factors)


async def _finish(request: Any, step: PasswordStep, user: User, form: OtpForm) -> HttpResponse:
    device = cookie.device_of(request, user.email)
    try:
        session = await wiring.auth_service().log_in_second(step=step, device=device, **form.cleaned_data)
    except (OtpInvalid, *NOT_NOW) as error:
        form.take(error)
        factors = await queries.second_factors(user.id)
        return await form_page(request, "accounts/second_step.html", form, factors=factors)
    wanted = wanted_page(request)
    cookie.sign_in(request, session)
    return see_other(wanted)
