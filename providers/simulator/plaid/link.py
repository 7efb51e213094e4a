"""Linking at Plaid: link tokens, the hosted page, and public tokens that are exchanged once."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from providers.simulator import agreement
from providers.simulator.plaid.calls import Call, Refusal, endpoint
from providers.simulator.plaid.state import INSTITUTION, Session, customer_named, plaid_of
from providers.simulator.responses import methods
from providers.simulator.sandbox.pages import error_page
from providers.simulator.vendor import minted

OTHERS = (
    {"institution_id": "ins_900418", "name": "Pebble & Reed Savings"},
    {"institution_id": "ins_900419", "name": "Bank of the Long Pier"},
)


@endpoint
def create(call: Call) -> dict[str, Any]:
    """`/link/token/create`: a link token, and the page that belongs to it."""
    given = call.given
    for name in ("client_name", "language", "country_codes"):
        if not given.get(name):
            raise Refusal(
                "INVALID_REQUEST", "MISSING_FIELDS", f"the following required field is missing: {name}"
            )
    updates = call.item if given.get("access_token") else None
    if updates is None and not given.get("products"):
        raise Refusal("INVALID_REQUEST", "MISSING_FIELDS", "products are needed to make an item")
    if updates is not None and given.get("products"):
        raise Refusal("INVALID_REQUEST", "INVALID_FIELD", "products are not taken in update mode")
    session = Session(given, updates.access_token if updates else "")
    call.plaid.sessions[session.token] = session
    found = {"link_token": session.token, "expiration": _time(session.expires)}
    if isinstance(given.get("hosted_link"), dict):
        found["hosted_link_url"] = f"{call.bank.issuer}/plaid/hosted/{session.token}"
    return found


@endpoint
def get(call: Call) -> dict[str, Any]:
    """`/link/token/get`: what has become of a link token."""
    session = call.plaid.sessions.get(str(call.given.get("link_token")))
    if session is None:
        raise Refusal("INVALID_INPUT", "INVALID_LINK_TOKEN", "could not find matching link token")
    given = session.given
    return {
        "link_token": session.token,
        "created_at": _time(session.created),
        "expiration": _time(session.expires),
        "link_sessions": [_outcome(session)] if session.finished else [],
        "metadata": {
            "initial_products": given.get("products") or [],
            "webhook": given.get("webhook"),
            "country_codes": given["country_codes"],
            "language": given["language"],
            "redirect_uri": None,
            "client_name": given["client_name"],
        },
    }


@endpoint
def exchange(call: Call) -> dict[str, Any]:
    """`/item/public_token/exchange`: an access token, once."""
    item = call.plaid.public.pop(str(call.given.get("public_token")), None)
    if item is None:
        raise Refusal("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", "could not find matching public token")
    call.plaid.items[item.access_token] = item
    return {"access_token": item.access_token, "item_id": item.id}


@endpoint
def search(call: Call) -> dict[str, Any]:
    """`/institutions/search`: ten at most whose names hold the query."""
    query, countries = call.given.get("query"), call.given.get("country_codes")
    if not query or not countries:
        raise Refusal("INVALID_REQUEST", "MISSING_FIELDS", "query and country_codes are required")
    found = [each for each in (INSTITUTION, *OTHERS) if str(query).casefold() in each["name"].casefold()]
    return {
        "institutions": [
            {
                **each,
                "products": ["transactions", "investments"],
                "country_codes": ["US", "CA"],
                "routing_numbers": [],
                "oauth": True,
            }
            for each in found[:10]
        ]
    }


@endpoint
def sandbox_public_token(call: Call) -> dict[str, Any]:
    """`/sandbox/public_token/create`: a public token without a browser, for the customer named as the user."""
    user = str(call.options.get("override_username", "ana"))
    return {"public_token": call.plaid.new_item(customer_named(user), call.options.get("webhook"))}


@methods("GET", "POST")
async def hosted(request: HttpRequest, token: str) -> HttpResponse:
    """The hosted page of a link token."""
    plaid = plaid_of(request)
    session = plaid.sessions.get(token)
    if session is None or session.expires < datetime.now(UTC):
        return error_page(404, "This link has expired", "Ask for a new one.")
    if request.method == "GET":
        return agreement.ask("Plaid")
    decided = agreement.decision(request)
    if decided is None:
        return agreement.ask("Plaid")
    session.finished = datetime.now(UTC)
    if decided.approved and session.updates:
        if mended := plaid.items.get(session.updates):
            mended.error = None
        session.public_token = minted("public-sandbox", 16)  # there, and good for nothing
    elif decided.approved:
        session.public_token = plaid.new_item(decided.customer, session.given.get("webhook"))
    back = session.given["hosted_link"].get("completion_redirect_uri")
    return HttpResponseRedirect(back) if back else agreement.thanks()


def _outcome(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = {
        "link_session_id": f"session-{session.token[-12:]}",
        "started_at": _time(session.created),
        "finished_at": _time(session.finished) if session.finished else None,
        "on_success": None,
        "on_exit": None,
    }
    results: list[dict[str, Any]] = []
    if session.public_token:
        results = [{"public_token": session.public_token, "accounts": [], "institution": INSTITUTION}]
    else:
        found["exit"] = {
            "error": None,
            "metadata": {
                "institution": INSTITUTION,
                "status": "requires_credentials",
                "link_session_id": found["link_session_id"],
                "request_id": minted("req", 8),
            },
        }
    found["results"] = {
        "item_add_results": results,
        "cra_item_add_results": [],
        "cra_update_results": [],
        "bank_income_results": [],
        "payroll_income_results": [],
        "document_income_results": None,
    }
    return found


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
