"""The control surface for tests: move the clock, order faults, end consents, read the bank's own numbers."""

import hmac
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import path

from providers.simulator.bank import Bank, bank_of
from providers.simulator.books.brokerage import Holding
from providers.simulator.books.customers import CUSTOMERS, Account
from providers.simulator.books.ledger import Ledger
from providers.simulator.faults import Fault
from providers.simulator.responses import View, methods, plain, problem, reply
from providers.simulator.scenarios import EVERYBODY, Scenario

T = TypeVar("T")
Handler = Callable[[Bank, HttpRequest], dict[str, Any]]
_MOST_DAYS = 366 * 5


class UnknownCustomerError(Exception):
    """No customer has that id."""


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """The days that the bank's clock moves on."""

    days: Annotated[int, msgspec.Meta(ge=1, le=_MOST_DAYS)]


class Revoke(msgspec.Struct, forbid_unknown_fields=True):
    """The customer who ends every consent they gave."""

    customer: str


class Played(msgspec.Struct, forbid_unknown_fields=True):
    """A scenario for a customer, or for all of them."""

    name: Scenario
    customer: str = EVERYBODY
    on: bool = True


def controlled(method: str) -> Callable[[Handler], View]:
    """Serve a function of the bank to clients with the control token; without one set, answer 404."""

    def guard(handler: Handler) -> View:
        @wraps(handler)
        async def view(request: HttpRequest) -> HttpResponse:
            bank = bank_of(request)
            given = request.headers.get("X-Control-Token", "")
            if bank.control_token is None:
                return problem(404, "not_found", "There is nothing at this address.")
            if not hmac.compare_digest(given.encode(), bank.control_token.encode()):
                return problem(403, "forbidden", "Send the control token as X-Control-Token.")
            return await allowed(request)

        @methods(method)
        async def allowed(request: HttpRequest) -> HttpResponse:
            bank = bank_of(request)
            try:
                return reply(handler(bank, request))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return problem(400, "invalid_request", str(error))
            except UnknownCustomerError:
                return problem(404, "unknown_customer", f"The customers are: {', '.join(CUSTOMERS)}.")

        return view

    return guard


@controlled("POST")
def advance(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """Move the bank's clock: pending rows post, new rows come, consents run out."""
    bank.advance(_body(request, Advance).days)
    return {"now": f"{bank.now():%Y-%m-%dT%H:%M:%SZ}", "closed_day": bank.closed_day.isoformat()}


@controlled("POST")
def faults(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """Order a fault."""
    bank.faults.waiting.append(_body(request, Fault))
    return {"waiting": [msgspec.to_builtins(fault) for fault in bank.faults.waiting]}


@controlled("POST")
def calm(bank: Bank, _request: HttpRequest) -> dict[str, Any]:
    """Forget the faults that have not come yet."""
    bank.faults.waiting.clear()
    return {}


@controlled("POST")
def revoke(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """The customer ends every consent at the bank."""
    customer = _known(_body(request, Revoke).customer)
    return {"revoked": bank.revoke_customer(customer)}


@controlled("POST")
def expire_access_tokens(bank: Bank, _request: HttpRequest) -> dict[str, Any]:
    """End every access token now; refresh tokens live on."""
    return {"expired": bank.expire_access_tokens()}


@controlled("POST")
def scenarios(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """Begin or end a scenario."""
    wanted = _body(request, Played)
    bank.scenarios.play(wanted.customer, wanted.name, on=wanted.on)
    return {"played": sorted(bank.scenarios.of(wanted.customer))}


@controlled("POST")
def reset(bank: Bank, _request: HttpRequest) -> dict[str, Any]:
    """Forget every grant, fault, advance and call."""
    bank.forget_consents()
    bank.scenarios.clear()
    bank.beside.clear()
    bank.faults.waiting.clear()
    bank.visits.clear()
    return {}


@controlled("GET")
def log(bank: Bank, _request: HttpRequest) -> dict[str, Any]:
    """The requests so far, without query strings; status is null where no reply was begun."""
    return {"counts": dict(bank.visits.counts), "calls": [asdict(visit) for visit in bank.visits.latest]}


@controlled("GET")
def truth(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """The bank's own numbers for a customer."""
    customer = CUSTOMERS[_known(request.GET.get("customer", "ana"))]
    ledger = bank.ledger(customer.id)
    return {
        "customer": customer.id,
        "closed_day": ledger.through.isoformat(),
        "accounts": [_account_truth(ledger, account) for account in customer.accounts],
    }


def _body(request: HttpRequest, type: type[T]) -> T:
    """The JSON body. Raises msgspec.DecodeError."""
    return msgspec.json.decode(request.body, type=type)


def _known(customer: str) -> str:
    if customer not in CUSTOMERS:
        raise UnknownCustomerError
    return customer


def _account_truth(ledger: Ledger, account: Account) -> dict[str, Any]:
    """Sums are signed, positive into the account; balances follow the bank's convention."""
    day = ledger.through
    balance = ledger.balance(account, day)
    posted = [entry.amount for entry in ledger.posted(account, day)]
    pending = [entry.pending_amount for entry in ledger.pending(account, day)]
    return {
        "id": account.id,
        "kind": account.kind.value,
        "currency": account.currency,
        "opening": plain(account.opening),
        "current": plain(balance.current),
        "available": plain(balance.available),
        "posted": {"count": len(posted), "sum": plain(sum(posted, Decimal("0.00")))},
        "pending": {"count": len(pending), "sum": plain(sum(pending, Decimal("0.00")))},
        "holdings": [_holding_truth(account, each) for each in ledger.holdings(account, day)],
    }


def _holding_truth(account: Account, holding: Holding) -> dict[str, Any]:
    return {
        "security_id": holding.security_id,
        "units": plain(holding.units),
        "price": plain(holding.price),
        "value": plain(holding.value),
        "cost_basis": plain(holding.cost_basis),
        "currency": account.currency,
        "lots": [{"units": plain(lot.units), "cost_basis": plain(lot.cost)} for lot in holding.lots],
    }


urlpatterns = [
    path("advance", advance),
    path("faults", faults),
    path("calm", calm),
    path("revoke", revoke),
    path("expire-access-tokens", expire_access_tokens),
    path("scenarios", scenarios),
    path("reset", reset),
    path("log", log),
    path("truth", truth),
]
