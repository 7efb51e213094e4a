"""Recovery codes: shown once, with the first second factor or when a person asks for new ones."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import wiring
from accounts.errors import FactorMissing
from accounts.pages.access import SignedInRequest, fresh
from accounts.pages.answers import FORM_METHODS, see_other
from dashtam.web.rendering import rendered


@require_http_methods(FORM_METHODS)
@fresh
async def renew_codes(request: SignedInRequest) -> HttpResponse:
    """Replace the recovery codes, after a confirmation, and show the new ones this once."""
    if request.method != "POST":
        will = ["You get ten new codes.", "All your older codes stop working."]
        return await rendered(request, "accounts/recovery_codes_renew.html", {"will": will})
    try:
        codes = await wiring.second_factor_service().renew_codes(user_id=request.principal.user_id)
    except FactorMissing as error:
        messages.warning(request, f"{error.title} {error.detail}")
        return see_other("settings-security")
    return await show_codes(
        request, codes, added="Your new recovery codes are ready. The old ones have ended."
    )


async def show_codes(request: SignedInRequest, codes: list[str], *, added: str) -> HttpResponse:
    """Render recovery codes in the response itself: they must not wait in a cookie for a next page."""
    messages.success(request, added)
    if not codes:
        return see_other("settings-security")
    return await rendered(
        request,
        "accounts/recovery_codes.html",
        {"codes": codes, "text": "\n".join(codes), "shows_secret": True},
    )
