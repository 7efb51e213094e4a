"""Pages of leaving, and of staying after all."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import wiring
from accounts.errors import DeletionBegun
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, see_other
from dashtam.web.rendering import rendered

AT_ONCE = (
    "You are signed out everywhere, and your API keys end.",
    "We no longer read anything from your institutions.",
)
AT_THE_END = (
    "Our access ends at your institutions, and the tokens for it are erased.",
    "Your accounts, balances, holdings, transactions, files and settings are deleted for good.",
)


@require_http_methods(FORM_METHODS)
@fresh
async def leave(request: SignedInRequest) -> HttpResponse:
    """Confirm the deletion after showing its consequences."""
    if request.method != "POST":
        return await rendered(request, "accounts/leave.html", _consequences())
    await wiring.leaving_service().leave(user_id=request.principal.user_id)
    request.session.flush()
    messages.success(
        request, "Your account will be deleted. To keep it after all, sign in. We have sent you a mail."
    )
    response = see_other("sign-in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _consequences() -> dict[str, Any]:
    days = settings.DELETION_GRACE_DAYS
    then = f"{'In a day' if days == 1 else f'In {days} days' if days else 'Right after'}: "
    will_not = ["Your accounts at the institutions themselves. Dashtam only reads them."]
    if days:
        will_not.insert(0, "Everything, if you sign in before that day and choose to keep it.")
    will_not.append("The log of this installation keeps what happened, without your name or address.")
    will = [*(f"Now: {line}" for line in AT_ONCE), *(then + line for line in AT_THE_END)]
    return {"will": will, "will_not": will_not}


@require_POST
@signed_in
async def stay(request: SignedInRequest) -> HttpResponse:
    """Keep the account."""
    try:
        await wiring.leaving_service().stay(user_id=request.principal.user_id)
    except DeletionBegun as error:
        messages.warning(request, f"{error.title} {error.detail}")
        return see_other("dashboard")
    messages.success(
        request,
        "Your account stays, and your connections are updated again. You have to create new API keys.",
    )
    return see_other("dashboard")
