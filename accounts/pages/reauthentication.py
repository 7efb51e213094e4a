"""The page that asks for a fresh proof of identity."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import queries, wiring
from accounts.entrance import cookie
from accounts.errors import OtpInvalid, OtpRequired
from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, next_page, see_other
from accounts.pages.forms import ReauthenticationForm
from dashtam.errors import ValidationFailed


@require_http_methods(FORM_METHODS)
@signed_in
async def reauthenticate(request: SignedInRequest) -> HttpResponse:
    """Ask for password and second factor, and go on to the page that needed the proof."""
    form = ReauthenticationForm(request.POST or None, initial={"next": request.GET.get("next", "")})
    if form.is_valid():
        try:
            await _prove(request, form)
        except OtpRequired:
            form.add_error("otp", "Enter the code as well.")
        except (ValidationFailed, OtpInvalid, *NOT_NOW) as error:
            form.take(error)
        else:
            return see_other(next_page(request, form.cleaned_data["next"]))
    factors = await queries.second_factors(request.principal.user_id)
    return await form_page(request, "accounts/reauthenticate.html", form, factors=factors)


async def _prove(request: SignedInRequest, form: ReauthenticationForm) -> None:
    session = await wiring.reauthentication_service().by_password(
        principal=request.principal, password=form.cleaned_data["password"], otp=form.cleaned_data["otp"]
    )
    cookie.sign_in(request, session)
