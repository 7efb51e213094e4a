"""The page that asks once more who one is."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts import browser, wiring
from accounts.errors import OtpRequired
from accounts.pages.answers import NOT_NOW, form_page, see_other
from accounts.pages.forms import ReauthenticationForm
from accounts.pages.guard import SignedInRequest, signed_in
from accounts.pages.next import next_page
from accounts.pages.registration import FORM_METHODS
from dashtam.errors import ValidationFailed


@require_http_methods(FORM_METHODS)
@signed_in
async def reauthenticate(request: SignedInRequest) -> HttpResponse:
    """One's password, and on to what one wanted to do."""
    form = ReauthenticationForm(request.POST or None, initial={"next": request.GET.get("next", "")})
    if form.is_valid():
        try:
            session = await wiring.reauthentication_service().by_password(
                principal=request.principal, password=form.cleaned_data["password"]
            )
        except (ValidationFailed, OtpRequired, *NOT_NOW) as error:
            form.take(error)
        else:
            browser.sign_in(request, session_id=session.id, user=session.user, number=session.counter)
            return see_other(next_page(request, form.cleaned_data["next"]))
    return form_page(request, "accounts/reauthenticate.html", form)
