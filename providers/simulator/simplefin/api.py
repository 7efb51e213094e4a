"""The bridge's endpoints: the page that makes tokens, the claim, and the account set."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
from django.http import HttpRequest, HttpResponse

from providers.simulator import agreement
from providers.simulator.bank import Bank, bank_of
from providers.simulator.control import controlled
from providers.simulator.responses import methods
from providers.simulator.sandbox.bank import sandbox_of
from providers.simulator.sandbox.pages import page
from providers.simulator.sandbox.parameters import credentials
from providers.simulator.simplefin.accounts import account_set
from providers.simulator.simplefin.state import Access, Scenario, customer_named, simplefin_of, state
from providers.simulator.vendor import answer

FORBIDDEN = "<!doctype html><title>Forbidden</title><h1>Forbidden</h1><p>Access denied</p>"
CHALLENGE = (
    "<!doctype html><title>Just a moment...</title><p>Checking your browser. Cloudflare Ray ID: 7f00</p>"
)
LONGEST = timedelta(days=90)


class Ordered(msgspec.Struct, forbid_unknown_fields=True):
    """The customer whose accesses a scenario is for."""

    customer: str
    scenario: str


@methods("GET", "POST")
async def create(request: HttpRequest) -> HttpResponse:
    """The page at which a person makes a setup token."""
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None or not decided.approved:
        return agreement.ask("SimpleFIN")
    token = simplefin_of(request).token(decided.customer, sandbox_of(request).issuer)
    return page("token.html", {"vendor": "SimpleFIN", "values": {"Setup token": token}})


@methods("POST")
async def claim(request: HttpRequest, code: str) -> HttpResponse:
    """An access URL for a setup token, once."""
    access = simplefin_of(request).claim(code)
    if access is None:
        return HttpResponse(FORBIDDEN, status=403)
    scheme, _, rest = sandbox_of(request).issuer.partition("://")
    url = f"{scheme}://{access.user}:{access.password}@{rest}/simplefin"
    return HttpResponse(url, content_type="text/plain; charset=utf-8")


@methods("GET")
async def accounts(request: HttpRequest) -> HttpResponse:
    """The account set, as the query narrows it."""
    access = _access(request)
    scenario = access.scenario if access else "revoked"
    if scenario == "blocked":
        return HttpResponse(CHALLENGE, status=403, headers={"cf-mitigated": "challenge"})
    if access is None or scenario == "revoked":
        return HttpResponse(FORBIDDEN, status=403)
    if scenario == "payment":
        return answer({"errors": ["Payment required."], "accounts": []}, 402)
    bank = bank_of(request)
    start, end, narrowed = _window(request, bank.now())
    found = account_set(
        bank.ledger(access.customer.id),
        start,
        end,
        pending="pending" in request.GET,
        balances_only="balances-only" in request.GET,
        only=request.GET.getlist("account"),
        partial=scenario == "partial",
    )
    if narrowed:
        text = "The range of dates was cut to 90 days."
        found["errlist"].append({"code": "gen.api", "msg": text})
    old = scenario == "old" or request.GET.get("version") != "2"
    return answer(_as_first_version(found) if old else found)


@controlled("POST")
def order(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """Order a scenario for every access of a customer."""
    given = msgspec.json.decode(request.body, type=Ordered)
    if given.scenario not in get_args(Scenario):
        raise msgspec.ValidationError("There is no such scenario.")
    mine = [each for each in state(bank).given.values() if each.customer.id == given.customer]
    for each in mine:
        each.scenario = given.scenario  # type: ignore[assignment]
    return {"changed": len(mine)}


@controlled("POST")
def token(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """A setup token without a browser."""
    given = msgspec.json.decode(request.body, type=dict[str, str])
    return {"token": state(bank).token(customer_named(given.get("customer", "")), sandbox_of(request).issuer)}


def _access(request: HttpRequest) -> Access | None:
    scheme, encoded = credentials(request)
    if scheme != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return simplefin_of(request).known(user, password)


def _window(request: HttpRequest, now: datetime) -> tuple[datetime, datetime, bool]:
    """The window asked for, cut to its last 90 days, and whether it had to be cut."""
    end = _moment(request, "end-date") or now + timedelta(days=1)
    start = _moment(request, "start-date") or end - LONGEST
    return max(start, end - LONGEST), end, start < end - LONGEST


def _moment(request: HttpRequest, name: str) -> datetime | None:
    value = request.GET.get(name, "")
    return datetime.fromtimestamp(int(value), UTC) if value.isdecimal() else None


def _as_first_version(found: dict[str, Any]) -> dict[str, Any]:
    """The same as a server of version 1 says it."""
    banks = {each["conn_id"]: each for each in found["connections"]}
    rows = []
    for each in found["accounts"]:
        bank = banks[each["conn_id"]]
        org = {
            "domain": bank["org_url"].removeprefix("https://"),
            "sfin-url": bank["sfin_url"],
            "name": bank["name"],
        }
        rows.append(
            {name: value for name, value in each.items() if not name.startswith("conn_")} | {"org": org}
        )
    texts = []
    for error in found["errlist"]:
        where = banks.get(error.get("conn_id", ""))
        texts.append(f"Connection to {where['name']} may need attention" if where else error["msg"])
    return {"errors": texts, "accounts": rows}
