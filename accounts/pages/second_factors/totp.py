"""An authenticator app (TOTP): setting it up and removing it. Both ask for a fresh proof of identity."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import wiring
from accounts.entrance import cookie
from accounts.errors import FactorExists, FactorMissing, FactorRequired, OtpInvalid
from accounts.pages.access import SignedInRequest, fresh
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import OtpForm
from accounts.pages.second_factors.recovery_codes import show_codes
from dashtam.web.rendering import rendered


@require_POST
@fresh
async def start_totp(request: SignedInRequest) -> HttpResponse:
    """Make a secret for an authenticator app."""
    person = request.principal
    try:
        await wiring.second_factor_service().start_totp(user_id=person.user_id, email=person.email)
    except (FactorExists, *NOT_NOW) as error:
        messages.warning(request, f"{error.title} {error.detail}")
        return see_other("settings-security")
    return see_other("totp-set-up")


@require_http_methods(FORM_METHODS)
@fresh
async def set_up_totp(request: SignedInRequest) -> HttpResponse:
    """Show the secret, until a first code proves that an app has it. Then the recovery codes, this once."""
    person, service = request.principal, wiring.second_factor_service()
    form = OtpForm(request.POST or None)
    try:
        if form.is_valid():
            enrolled = await service.confirm_totp(
                user_id=person.user_id, session_id=person.session_id, **form.cleaned_data
            )
            cookie.sign_in(request, enrolled.session)
            return await show_codes(
                request, enrolled.recovery_codes, added="Your authenticator app is set up."
            )
    except (OtpInvalid, *NOT_NOW) as error:
        form.take(error)
    except FactorMissing:
        return see_other("settings-security")
    enrolment = await service.pending_totp(user_id=person.user_id, email=person.email)
    if enrolment is None:
        return see_other("settings-security")
    return await form_page(request, "accounts/totp_set_up.html", form, enrolment=enrolment, shows_secret=True)


@require_http_methods(FORM_METHODS)
@fresh
async def remove_totp(request: SignedInRequest) -> HttpResponse:
    """Remove the authenticator app, after a confirmation."""
    if request.method != "POST":
        will = [
            "Signing in no longer asks for a code of your app.",
            "With your last second factor, the recovery codes end too.",
        ]
        return await rendered(request, "accounts/totp_remove.html", {"will": will})
    try:
        await wiring.second_factor_service().remove_totp(user_id=request.principal.user_id)
    except (FactorMissing, FactorRequired) as error:
        messages.warning(request, f"{error.title} {error.detail}")
    else:
        messages.success(request, "The authenticator app is removed. You can delete its entry there, too.")
    return see_other("settings-security")
