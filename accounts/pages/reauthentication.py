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
from dashtam.web.referer import page_before


@require_http_methods(FORM_METHODS)
@signed_in
async def reauthenticate(request: SignedInRequest) -> HttpResponse:
    """Ask for password and second factor, and go on to the page that needed the proof."""
    before = request.GET.get("back") or page_before(request)
    initial = {"next": request.GET.get("next", ""), "back": before}
    form = ReauthenticationForm(request.POST or None, initial=initial)
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
    cancel = _cancel(request, form)
    return await form_page(request, "accounts/reauthenticate.html", form, factors=factors, cancel_url=cancel)


def _cancel(request: SignedInRequest, form: ReauthenticationForm) -> str:
    """The page that the person came from; the dashboard where that one would only ask for the proof again."""
    back, wanted = str(form["back"].value() or ""), str(form["next"].value() or "")
    asks = back.partition("?")[0] in {wanted.partition("?")[0], request.path}
    return next_page(request, "" if asks else back)


async def _prove(request: SignedInRequest, form: ReauthenticationForm) -> None:
    session = await wiring.reauthentication_service().by_password(
        principal=request.principal, password=form.cleaned_data["password"], otp=form.cleaned_data["otp"]
    )
    cookie.sign_in(request, session)
