"""Access at SnapTrade: OAuth with its metadata, the portal, and what tests may change."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from providers.simulator import agreement, control
from providers.simulator.bank import Bank, bank_of
from providers.simulator.responses import methods
from providers.simulator.sandbox.bank import sandbox_of
from providers.simulator.sandbox.grants import InvalidGrantError, InvalidScopeError
from providers.simulator.sandbox.pages import error_page, page
from providers.simulator.sandbox.parameters import credentials
from providers.simulator.snaptrade.calls import Call
from providers.simulator.snaptrade.state import ACCESS_SECONDS, Key, Login, SnapTrade, state
from providers.simulator.vendor import answer, minted


class Person(msgspec.Struct, forbid_unknown_fields=True):
    """A customer of the bank, who may have connected their brokerage already."""

    customer: str = "ana"
    connected: bool = False


class Disable(msgspec.Struct, forbid_unknown_fields=True):
    """The new state of a customer's connections; `deleted` for good."""

    customer: str = "ana"
    disabled: bool = True
    deleted: bool = False


@methods("GET")
async def metadata(request: HttpRequest) -> HttpResponse:
    """Authorization server metadata (RFC 8414)."""
    here = f"{sandbox_of(request).issuer}/snaptrade"
    return answer(
        {
            "issuer": here,
            "authorization_endpoint": f"{here}/oauth/authorize",
            "token_endpoint": f"{here}/oauth/token",
            "revocation_endpoint": f"{here}/oauth/revoke",
            "scopes_supported": ["read"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


@methods("GET", "POST")
async def authorize(request: HttpRequest) -> HttpResponse:
    """The page at which a person lets an app read."""
    asked, bank = request.GET, sandbox_of(request)
    if asked.get("client_id") != bank.client.id or asked.get("code_challenge_method") != "S256":
        return error_page(400, "That did not work", "The app is not known, or sent no code challenge.")
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None:
        return agreement.ask("SnapTrade")
    told = {"state": asked.get("state", "")}
    back = asked.get("redirect_uri", "")
    if decided.approved:
        vendor = state(bank)
        if not vendor.of(decided.customer.id):
            vendor.connect(decided.customer.id, "")
        challenge = asked.get("code_challenge", "")
        told["code"] = vendor.grants.approve(decided.customer.id, [], "read", back, challenge)
    else:
        told["error"] = "access_denied"
    return HttpResponseRedirect(f"{back}?{urlencode(told)}")


@methods("POST")
async def token(request: HttpRequest) -> HttpResponse:
    """The token endpoint: a code once, and refresh tokens that rotate."""
    if not _is_client(request):
        return answer({"error": "invalid_client"}, 401)
    form, grants = request.POST, state(bank_of(request)).grants
    try:
        if form.get("grant_type") == "refresh_token":
            made = grants.rotate(form.get("refresh_token", ""), None)
        else:
            verifier = form.get("code_verifier", "")
            made = grants.redeem(
                form.get("code", ""),
                form.get("redirect_uri", ""),
                lambda challenge: _challenge(verifier) == challenge,
            )
    except (InvalidGrantError, InvalidScopeError):
        return answer({"error": "invalid_grant"}, 400)
    return answer(
        {
            "access_token": made.access,
            "refresh_token": made.refresh,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "scope": made.scope,
            "sub": {"snaptrade_user_id": made.grant.customer},
        }
    )


@methods("POST")
async def revoke(request: HttpRequest) -> HttpResponse:
    """The revocation endpoint."""
    if not _is_client(request):
        return answer({"error": "invalid_client"}, 401)
    state(bank_of(request)).grants.revoke_token(request.POST.get("token", ""))
    return answer({})


def login(call: Call) -> dict[str, Any]:
    """`POST /snapTrade/login`: the address of the portal."""
    given = msgspec.json.decode(call.request.body or b"{}", type=dict[str, Any])
    session = minted("portal", 12)
    call.vendor.logins[session] = Login(
        call.customer, given.get("reconnect", ""), given.get("customRedirect", "")
    )
    return {"redirectURI": f"{call.bank.issuer}/snaptrade/portal/{session}", "sessionId": session}


@methods("GET", "POST")
async def portal(request: HttpRequest, session: str) -> HttpResponse:
    """The portal, where a person connects a brokerage. The person is the one whose key opened it."""
    vendor = state(bank_of(request))
    begun = vendor.logins.get(session)
    if begun is None:
        return error_page(404, "This link has expired", "Ask for a new one.")
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None:
        return agreement.ask("SnapTrade")
    del vendor.logins[session]
    if decided.approved:
        vendor.connect(begun.customer, begun.reconnect)
    return HttpResponseRedirect(begun.back) if begun.back else agreement.thanks()


@methods("GET", "POST")
async def api_key(request: HttpRequest) -> HttpResponse:
    """The page that makes a personal key, of a person whose brokerage is connected."""
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None or not decided.approved:
        return agreement.ask("SnapTrade")
    vendor = state(bank_of(request))
    if not vendor.of(decided.customer.id):
        vendor.connect(decided.customer.id, "")
    client, key = _new_key(vendor, decided.customer.id)
    return page("token.html", {"vendor": "SnapTrade", "values": {"Client ID": client, "Consumer key": key}})


@control.controlled("POST")
def make_key(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/snaptrade/key`: a personal key."""
    person, vendor = msgspec.json.decode(request.body, type=Person), state(bank)
    if person.connected:
        vendor.connect(person.customer, "")
    client, key = _new_key(vendor, person.customer)
    return {"client_id": client, "consumer_key": key}


def _new_key(vendor: SnapTrade, customer: str) -> tuple[str, str]:
    client, key = f"PERSONAL-{secrets.token_hex(4).upper()}", Key(customer)
    vendor.keys[client] = key
    return client, key.consumer_key


@control.controlled("POST")
def disable(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/snaptrade/connections`: disable the connections of a customer, enable them, or delete them."""
    given = msgspec.json.decode(request.body, type=Disable)
    if given.deleted:
        state(bank).connections = [e for e in state(bank).connections if e.customer.id != given.customer]
    for connection in state(bank).of(given.customer):
        connection.disabled = given.disabled
    return {"connections": [connection.id for connection in state(bank).of(given.customer)]}


def _is_client(request: HttpRequest) -> bool:
    client = sandbox_of(request).client
    scheme, value = credentials(request)
    return scheme == "basic" and base64.b64decode(value).decode() == f"{client.id}:{client.secret}"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
