"""Pages of the sign-in provider: leave for it, come back from it, link an account with it, and unlink it."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import wiring
from accounts.entrance import cookie
from accounts.errors import (
    IdentityTaken,
    IdentityUnknown,
    InvalidCredentials,
    OtpRequired,
    ReauthRequired,
    SignInProviderAway,
    SignInProviderLeft,
    SignInProviderRefused,
)
from accounts.oidc.provider import Answer
from accounts.pages.access import SignedInRequest, fresh
from accounts.pages.answers import NOT_NOW, next_page, see_other
from accounts.pages.second_factors import sign_in_step
from accounts.services.identity_service import Departure
from dashtam.errors import DashtamError
from dashtam.web.rendering import rendered

KEY = "provider"  # in the signed cookie of this browser: the departure, good for one return
REFUSED = (SignInProviderRefused, IdentityUnknown, IdentityTaken, InvalidCredentials, *NOT_NOW)


@require_POST
async def leave(request: Any) -> HttpResponse:
    """Go to the provider, to sign in."""
    if request.principal is not None and wiring.sign_in_provider() is not None:
        return redirect("dashboard")
    return await _depart(request, principal=None, wanted=request.POST.get("next", ""))


@require_POST
@fresh
async def link(request: SignedInRequest) -> HttpResponse:
    """Go to the provider, to link one's account."""
    return await _depart(request, principal=request.principal)


@require_POST
@fresh
async def unlink(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Unlink one's account."""
    await wiring.identity_service().unlink(user_id=request.principal.user_id, identity_id=id)
    messages.success(request, "The link is removed. Your password signs you in, as before.")
    return see_other("settings-security")


@require_safe
async def come_back(request: Any) -> HttpResponse:
    """Come back from the provider, and be signed in or linked. The address with the code leads nowhere twice."""
    kept = request.session.pop(KEY, None)
    departure = Departure(**kept) if isinstance(kept, dict) else None
    read = request.GET.get
    answer = Answer(read("code", "")[:4096], read("state", "")[:200], read("iss"), read("error", "")[:100])
    try:
        if departure is not None and departure.session_id:
            return await _link(request, departure, answer)
        return await _sign_in(request, departure, answer)
    except OtpRequired as error:
        return sign_in_step.begin(request, error.user, departure.next if departure else "")
    except ReauthRequired:  # the answer has been used up: they start again, on the page that links
        messages.warning(
            request, "That took a while, so nothing is linked yet. Confirm that it is you, then link again."
        )
        return see_other(f"{reverse('reauthenticate')}?{urlencode({'next': reverse('settings-security')})}")
    except REFUSED as error:
        return _refused(request, error, departure.next if departure else "")


async def _depart(request: Any, *, principal: Any, wanted: str = "") -> HttpResponse:
    try:
        departure, url = await wiring.identity_service().begin(principal=principal, wanted=wanted)
    except NOT_NOW as error:
        return _refused(request, error, wanted)
    request.session[KEY] = asdict(departure)
    # A page in between: browsers hold redirects of a form to where our policy lets forms go, all along the way.
    return await rendered(request, "accounts/provider_leave.html", {"url": url, "shows_secret": True})


async def _sign_in(request: Any, departure: Departure | None, answer: Answer) -> HttpResponse:
    if request.principal is not None:
        raise SignInProviderRefused  # another person's session stays as it is
    device = cookie.device_of(request, "")
    session = await wiring.identity_service().sign_in(departure, answer, device=device)
    cookie.sign_in(request, session)
    return see_other(next_page(request, departure.next if departure else ""))


async def _link(request: Any, departure: Departure, answer: Answer) -> HttpResponse:
    if request.principal is None:
        raise SignInProviderRefused
    await wiring.identity_service().link(departure, answer, principal=request.principal)
    messages.success(request, "Your account is linked. You can sign in that way from now on.")
    return see_other("settings-security")


def _refused(request: Any, error: DashtamError, wanted: str = "") -> HttpResponse:
    """Say so where the person started, who still gets to the page that they wanted."""
    tell = messages.info if isinstance(error, SignInProviderLeft) else messages.warning
    if request.principal is None:
        tell(request, f"{error.title} {error.detail}")
        return see_other(f"{reverse('sign-in')}?{urlencode({'next': wanted})}" if wanted else "sign-in")
    refused = isinstance(error, (SignInProviderRefused, SignInProviderAway))
    tell(
        request,
        f"{error.title} {'Nothing was linked, and nothing has changed.' if refused else error.detail}",
    )
    return see_other("settings-security")
