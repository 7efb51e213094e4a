"""Pages of passkeys. A script fetches the options and fills the browser's response into a form."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from accounts import queries, wiring
from accounts.devices import describe
from accounts.entrance import cookie
from accounts.errors import (
    FactorMissing,
    FactorRequired,
    InvalidCredentials,
    PasskeyRefused,
    StepExpired,
)
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, next_page, see_other
from accounts.pages.forms import PasskeyForm
from accounts.pages.second_factors import sign_in_step
from accounts.pages.second_factors.recovery_codes import show_codes
from accounts.services.second_factors.passkey_service import Challenge, Options
from dashtam.errors import Conflict, DashtamError, Unauthorized
from dashtam.web import problems, visitor
from dashtam.web.measures import LONGEST_TEXT
from dashtam.web.rendering import rendered

KEY = "challenge"  # in the signed cookie of this browser
REFUSED = (PasskeyRefused, InvalidCredentials, *NOT_NOW)


@require_POST
async def options(request: Any, purpose: str) -> HttpResponse:
    """Answer with WebAuthn options, whose challenge counts in this browser, once, for five minutes."""
    try:
        asked = await _options(request, purpose)
    except DashtamError as error:
        return problems.problem(error, request.id)
    value = bytes_to_base64url(asked.challenge.value)
    request.session[KEY] = {"purpose": purpose, "value": value, "at": asked.challenge.at}
    return HttpResponse(asked.json, content_type="application/json")


async def _options(request: Any, purpose: str) -> Options:
    service, person = wiring.passkey_service(), request.principal
    if purpose == "sign-in":
        return await service.options()
    if purpose == "second":
        return await service.options(user_id=sign_in_step.under_way(request).user_id)
    if person is None:
        raise Unauthorized
    if purpose == "reauthenticate":
        return await service.options(user_id=person.user_id)
    person.require_fresh()
    return await service.registration_options(user_id=person.user_id, email=person.email, name=person.name)


def _answer(request: HttpRequest, purpose: str) -> dict[str, Any]:
    """Take the challenge out of the cookie, and read the signed credential. Raises PasskeyRefused."""
    kept = request.session.pop(KEY, None)
    if not isinstance(kept, dict) or kept["purpose"] != purpose:
        raise PasskeyRefused
    signed = request.POST.get("credential", "")
    if len(signed) > LONGEST_TEXT:
        raise PasskeyRefused
    try:
        credential = json.loads(signed)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused from error
    if not isinstance(credential, dict):
        raise PasskeyRefused
    return {"challenge": Challenge(base64url_to_bytes(kept["value"]), kept["at"]), "credential": credential}


def _refused(request: HttpRequest, error: DashtamError, page: str) -> HttpResponse:
    """Say why on the page that asked for the passkey, which still knows where the person wants to go."""
    messages.warning(request, f"{error.title} {error.detail}")
    kept = {name: request.POST[name][:2000] for name in ("next", "back") if request.POST.get(name)}
    return see_other(f"{reverse(page)}?{urlencode(kept)}" if kept else page)


@require_POST
async def sign_in(request: Any) -> HttpResponse:
    """Sign in by a passkey alone: it is on a device, and asked for a finger, a face or a PIN."""
    try:
        user = (await wiring.passkey_service().prove(**_answer(request, "sign-in"))).user
        device = cookie.device_of(request, user.email)
        session = await wiring.auth_service().open_session(user, factor="passkey", device=device)
    except REFUSED as error:
        return _refused(request, error, "sign-in")
    cookie.sign_in(request, session)
    return see_other(next_page(request, request.POST.get("next", "")))


@require_POST
async def second(request: Any) -> HttpResponse:
    """Sign in by a passkey after the password."""
    service = wiring.auth_service()
    try:
        step = sign_in_step.under_way(request)
        answer = _answer(request, "second")
        passkey = await wiring.passkey_service().prove(user_id=step.user_id, **answer)
        user = await service.user_of(step)
        device = cookie.device_of(request, user.email)
        session = await service.open_session(user, factor="passkey", device=device)
        await wiring.passkey_service().trust(passkey, session_id=session.id)
    except StepExpired:
        return sign_in_step.start_again(request)
    except REFUSED as error:
        return _refused(request, error, "second-step")
    wanted = sign_in_step.wanted_page(request)
    cookie.sign_in(request, session)
    return see_other(wanted)


@require_POST
@signed_in
async def reauthenticate(request: SignedInRequest) -> HttpResponse:
    """Reauthenticate by a passkey."""
    person = request.principal
    try:
        await wiring.passkey_service().prove(user_id=person.user_id, **_answer(request, "reauthenticate"))
    except REFUSED as error:
        return _refused(request, error, "reauthenticate")
    session = await wiring.session_service().proved(session_id=person.session_id, factor="passkey")
    cookie.sign_in(request, session)
    return see_other(next_page(request, request.POST.get("next", "")))


@require_http_methods(FORM_METHODS)
@fresh
async def new(request: SignedInRequest) -> HttpResponse:
    """Add a passkey: a name here, the rest in the browser."""
    form = PasskeyForm(request.POST or None, initial={"name": describe(visitor.user_agent(request))})
    person = request.principal
    if form.is_valid():
        try:
            enrolled = await wiring.passkey_service().register(
                user_id=person.user_id,
                session_id=person.session_id,
                name=form.cleaned_data["name"],
                **_answer(request, "register"),
            )
        except (PasskeyRefused, Conflict, *NOT_NOW) as error:
            form.take(error)
        else:
            cookie.sign_in(request, enrolled.session)
            return await show_codes(request, enrolled.recovery_codes, added="Your passkey is added.")
    return await form_page(request, "accounts/passkey_new.html", form)


@require_http_methods(FORM_METHODS)
@fresh
async def remove(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Remove a passkey, after a confirmation."""
    factors = await queries.second_factors(request.principal.user_id)
    passkey = next((each for each in factors["passkeys"] if each["id"] == id), None)
    if passkey is None:
        raise Http404
    if request.method != "POST":
        will = ["It no longer signs you in. With your last second factor, the recovery codes end too."]
        return await rendered(request, "accounts/passkey_remove.html", {"passkey": passkey, "will": will})
    try:
        await wiring.passkey_service().remove(user_id=request.principal.user_id, passkey_id=id)
    except (FactorMissing, FactorRequired) as error:
        return _refused(request, error, "settings-security")
    messages.success(request, "The passkey is removed. You can delete it on your device, too.")
    return see_other("settings-security")
