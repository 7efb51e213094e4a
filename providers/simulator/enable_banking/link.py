"""Consents at Enable Banking: banks, authorizations, the bank's page, and sessions."""

import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from providers.simulator import agreement, control
from providers.simulator.bank import Bank, bank_of
from providers.simulator.books.dice import digest
from providers.simulator.enable_banking.calls import Call, Refusal
from providers.simulator.enable_banking.data import resource
from providers.simulator.enable_banking.state import (
    BANK,
    COUNTRIES,
    REQUIRED,
    VALIDITY,
    Authorization,
    Session,
    number_hash,
    state,
)
from providers.simulator.responses import methods
from providers.simulator.sandbox.pages import error_page

OTHERS = ("Pebble & Reed Savings", "Bank of the Long Pier")


class Register(msgspec.Struct, forbid_unknown_fields=True):
    """An application and the public half of its key, as PEM."""

    application: str
    key: str


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """The status that every session takes."""

    status: str


def aspsps(call: Call) -> dict[str, Any]:
    """`GET /aspsps`."""
    country = call.request.GET.get("country")
    psu_type = call.request.GET.get("psu_type", "personal")
    return {
        "aspsps": [
            _bank(name, code, psu_type)
            for code in COUNTRIES
            if country in (None, code)
            for name in (BANK, *OTHERS)
        ]
    }


def authorize(call: Call) -> dict[str, Any]:
    """`POST /auth`."""
    given = call.given
    try:
        bank, until = given["aspsp"], datetime.fromisoformat(given["access"]["valid_until"])
        given["state"], given["redirect_url"]
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(422, "WRONG_REQUEST_PARAMETERS", "Wrong request parameters provided") from error
    if bank.get("name") != BANK or bank.get("country") not in COUNTRIES:
        raise Refusal(400, "WRONG_ASPSP_PROVIDED", "Wrong ASPSP name provided")
    if not 0 < (until - call.bank.now()).total_seconds() <= VALIDITY + 3600:
        raise Refusal(422, "WRONG_REQUEST_PARAMETERS", "Wrong request parameters provided")
    begun = Authorization(given)
    call.vendor.authorizations[begun.id] = begun
    return {
        "url": f"{call.bank.issuer}/enable-banking/bank/{begun.id}",
        "authorization_id": begun.id,
        "psu_id_hash": secrets.token_hex(32),
    }


@methods("POST")
async def applications(request: HttpRequest) -> HttpResponse:
    """The vendor's control panel, at which an application is registered."""
    try:
        given = msgspec.json.decode(request.body, type=Register)
    except msgspec.MsgspecError:
        return error_page(400, "That did not work", "Send an application and its public key.")
    state(bank_of(request)).applications[given.application] = given.key
    return agreement.thanks()


@methods("GET", "POST")
async def visit(request: HttpRequest, id: str) -> HttpResponse:
    """The bank's page."""
    vendor = state(bank_of(request))
    begun = vendor.authorizations.get(id)
    if begun is None:
        return error_page(404, "This link has expired", "Ask for a new one.")
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None:
        return agreement.ask("Enable Banking")
    del vendor.authorizations[id]
    told = {"state": begun.given["state"]}
    if decided.approved:
        begun.customer, code = decided.customer.id, secrets.token_urlsafe(24)
        vendor.codes[code] = begun
        told["code"] = code
    else:
        told |= {"error": "access_denied", "error_description": "The customer has not agreed"}
    return HttpResponseRedirect(f"{begun.given['redirect_url']}?{urlencode(told)}")


def open_session(call: Call) -> dict[str, Any]:
    """`POST /sessions`: a session for a code, once."""
    begun = call.vendor.codes.pop(str(call.given.get("code")), None)
    if begun is None or not begun.customer:
        raise Refusal(422, "WRONG_AUTHORIZATION_CODE", "Wrong authorization code provided")
    given = begun.given
    session = Session(
        begun.customer,
        given["aspsp"]["country"],
        given.get("psu_type", "personal"),
        call.bank.now(),
        datetime.fromisoformat(given["access"]["valid_until"]),
    )
    call.vendor.sessions[session.id] = session
    return {
        "session_id": session.id,
        "accounts": [resource(session, uid, account) for uid, account in session.accounts.items()],
        "aspsp": {"name": BANK, "country": session.country},
        "psu_type": session.psu_type,
        "access": _access(session),
    }


def read_session(call: Call, id: str) -> dict[str, Any]:
    """`GET /sessions/{session_id}`."""
    session = call.session(id)
    rows = [
        {"uid": uid, "identification_hash": number_hash(each), "identification_hashes": [number_hash(each)]}
        for uid, each in session.accounts.items()
    ]
    return {
        "status": session.status,
        "accounts": [row["uid"] for row in rows],
        "accounts_data": rows,
        "aspsp": {"name": BANK, "country": session.country},
        "psu_type": session.psu_type,
        "psu_id_hash": digest("psu", session.id, size=32),
        "access": _access(session),
        "created": _time(session.created),
        "authorized": _time(session.created),
    }


def end_session(call: Call, id: str) -> dict[str, Any]:
    """`DELETE /sessions/{session_id}`."""
    call.session(id).status = "CLOSED"
    return {"message": "OK"}


@control.controlled("POST")
def change(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/enable-banking/sessions`: give every session another status."""
    status = msgspec.json.decode(request.body, type=Status).status
    for session in state(bank).sessions.values():
        session.status = status
    return {"sessions": list(state(bank).sessions)}


def _bank(name: str, country: str, psu_type: str) -> dict[str, Any]:
    return {
        "name": name,
        "country": country,
        "logo": f"https://logos.example/{digest(name, country)}.png",
        "psu_types": ["personal", "business"],
        "auth_methods": [{"psu_type": psu_type, "approach": "REDIRECT", "hidden_method": False}],
        "maximum_consent_validity": VALIDITY,
        "beta": False,
        "required_psu_headers": list(REQUIRED),
    }


def _access(session: Session) -> dict[str, Any]:
    return {"balances": True, "transactions": True, "valid_until": _time(session.valid_until)}


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"
