"""The customer's data over HTTP, in the sandbox's dialect, for access tokens (RFC 6750)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from providers.simulator.books.brokerage import Holding, Lot, worth
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.dice import digest
from providers.simulator.books.ledger import Ledger
from providers.simulator.books.securities import SECURITIES
from providers.simulator.responses import View, methods, plain, problem, reply
from providers.simulator.sandbox.bank import Sandbox, sandbox_of
from providers.simulator.sandbox.feed import InvalidCursorError
from providers.simulator.sandbox.feed import page as feed_page
from providers.simulator.sandbox.grants import Grant
from providers.simulator.sandbox.parameters import credentials
from providers.simulator.sandbox.scenes import Scene
from providers.simulator.sandbox.strict import ProofError

DEFAULT_LIMIT, MAX_LIMIT, MAX_DAYS = 100, 500, 366
_REALM = 'Bearer realm="Sandbox Bank"'


class ApiError(Exception):
    """A refusal with a code the caller can rely on."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated request: the grant behind its token, and its query."""

    bank: Sandbox
    grant: Grant
    query: QueryDict
    consent: str

    @property
    def customer(self) -> Customer:
        """The customer who gave the consent."""
        return CUSTOMERS[self.grant.customer]

    @property
    def ledger(self) -> Ledger:
        """The customer's books."""
        return self.bank.ledger(self.grant.customer)

    @property
    def accounts(self) -> list[Account]:
        """The accounts the customer chose to share."""
        return [account for account in self.customer.accounts if account.id in self.grant.accounts]

    @property
    def scene(self) -> Scene:
        """The scenarios of this customer."""
        played = self.bank.scenarios.of(self.grant.customer)
        return Scene(played, self.consent, self.bank.closed_day.isoformat())

    def account(self, account_id: str) -> Account:
        """One shared account. Raises ApiError."""
        scene = self.scene
        for account in self.accounts:
            if scene.account_id(account) != account_id:
                continue
            if scene.down(account):
                raise ApiError(503, "institution_down", "The bank that keeps this account does not answer.")
            return account
        raise ApiError(404, "not_found", "No such account is shared with you.")


Handler = Callable[..., dict[str, Any]]


def bearer(scope: str) -> Callable[[Handler], View]:
    """Serve a plain function of the caller to clients whose token has the scope."""

    def guard(handler: Handler) -> View:
        @methods("GET", "HEAD")
        @wraps(handler)
        async def view(request: HttpRequest, **path: str) -> HttpResponse:
            bank = sandbox_of(request)
            scheme, token = credentials(request)
            if scheme != ("dpop" if bank.strict else "bearer") or not token:
                return problem(401, "unauthorized", "Send an access token.", WWW_Authenticate=_REALM)
            try:
                found = bank.grants.check(token.strip(), _thumbprint(bank, request, token.strip()))
            except ProofError as error:
                challenge = f'DPoP error="{error.code}", algs="ES256"'
                nonce = bank.strict.nonce if bank.strict else ""
                return problem(401, error.code, str(error), WWW_Authenticate=challenge, DPoP_Nonce=nonce)
            if found is None:
                challenge = f'{_REALM}, error="invalid_token"'
                text = "The access token is unknown, expired or revoked."
                return problem(401, "invalid_token", text, WWW_Authenticate=challenge)
            grant, scopes, consent = found
            if scope not in scopes:
                challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
                text = f"The customer did not share: {scope}."
                return problem(403, "insufficient_scope", text, WWW_Authenticate=challenge)
            return _answered(handler, Caller(bank, grant, request.GET, consent), path)

        return view

    return guard


def _answered(handler: Handler, caller: Caller, path: dict[str, str]) -> HttpResponse:
    if "quota_spent" in caller.scene.played:
        limits = {"Retry_After": "3600", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "3600"}
        return problem(429, "quota_spent", "No more calls today.", **limits)
    try:
        return reply(handler(caller, **path))
    except ApiError as error:
        return problem(error.status, error.code, error.message)


def _thumbprint(bank: Sandbox, request: HttpRequest, token: str) -> str:
    """The thumbprint of the key that the request is signed with; empty at a bank that takes bearer tokens."""
    if bank.strict is None:
        return ""
    return bank.strict.thumbprint(request, bank.issuer + request.path, access_token=token)


@bearer("accounts")
def customer(caller: Caller) -> dict[str, Any]:
    """The customer whose data this is."""
    return {"id": caller.customer.id, "name": caller.customer.name}


@bearer("accounts")
def accounts(caller: Caller) -> dict[str, Any]:
    """The shared accounts with their balances; money owed is positive."""
    as_of = f"{caller.bank.now():%Y-%m-%dT%H:%M:%SZ}"
    return {"accounts": [_account(caller, account, as_of) for account in caller.accounts]}


@bearer("transactions")
def transactions(caller: Caller, account_id: str) -> dict[str, Any]:
    """The changes since the cursor, oldest first."""
    account = caller.account(account_id)
    text = caller.query.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise ApiError(400, "invalid_limit", f"limit is a whole number from 1 to {MAX_LIMIT}.")
    try:
        page = feed_page(caller.ledger, account, caller.query.get("cursor"), limit, caller.scene)
    except InvalidCursorError as error:
        message = "This cursor is not one of ours. Start again without a cursor."
        raise ApiError(400, "invalid_cursor", message) from error
    if page["has_more"] and "changes_while_paging" in caller.scene.played:
        caller.bank.scenarios.play(caller.grant.customer, "changes_while_paging", on=False)
        raise ApiError(
            409, "changed_while_paging", "The data has changed. Read it again from the same cursor."
        )
    return page


@bearer("holdings")
def holdings(caller: Caller, account_id: str) -> dict[str, Any]:
    """Positions of a brokerage account."""
    account = caller.account(account_id)
    if account.kind is not Kind.BROKERAGE:
        raise ApiError(404, "not_supported", "Only a brokerage account has holdings.")
    ledger = caller.ledger
    securities = [_security(security_id, account.currency) for security_id in _mentioned(ledger, account)]
    return {
        "as_of": f"{ledger.through}T21:00:00Z",
        "holdings": _holdings(ledger, account),
        "securities": securities,
    }


@bearer("balances")
def balances(caller: Caller, account_id: str) -> dict[str, Any]:
    """End-of-day balances of closed days, oldest first; by default the last thirty."""
    account = caller.account(account_id)
    last = _day(caller.query, "to", caller.bank.closed_day)
    first = _day(caller.query, "from", last - timedelta(days=29))
    if first > last:
        raise ApiError(400, "invalid_range", "from lies after to.")
    if (last - first).days >= MAX_DAYS:
        raise ApiError(400, "range_too_long", f"Ask for at most {MAX_DAYS} days at a time.")
    days = caller.ledger.balances(account, first, last)
    rows = [
        {"date": day.isoformat(), "current": plain(b.current), "available": plain(b.available)}
        for day, b in days.items()
    ]
    return {"balances": rows}


def _holdings(ledger: Ledger, account: Account) -> list[dict[str, Any]]:
    """The positions at the close of the last day."""
    return [
        {
            "security_id": holding.security_id,
            "units": plain(holding.units),
            "price": plain(holding.price),
            "value": plain(holding.value),
            "cost_basis": plain(holding.cost_basis),
            "currency": account.currency,
            "lots": [_lot(holding, lot, ledger.through) for lot in holding.lots],
        }
        for holding in ledger.holdings(account, ledger.through)
    ]


def _lot(holding: Holding, lot: Lot, day: date) -> dict[str, Any]:
    """The units that are left of one purchase, and their value at the close."""
    return {
        "id": lot.id,
        "bought_at": lot.at.isoformat(),
        "units": plain(lot.units),
        "price": plain(lot.price),
        "cost": plain(lot.cost),
        "value": plain(worth(holding.security_id, lot.units, day)),
    }


def _mentioned(ledger: Ledger, account: Account) -> list[str]:
    """The securities that transactions name, so that those sold long ago are described too."""
    trades = (entry.trade for entry in ledger.entries[account.id])
    return list(dict.fromkeys(trade.security_id for trade in trades if trade))


def _security(security_id: str, currency: str) -> dict[str, Any]:
    security = SECURITIES[security_id]
    return {
        "id": security.id,
        "symbol": security.symbol,
        "name": security.name,
        "type": security.type,
        "cusip": security.cusip,
        "isin": security.isin,
        "currency": currency,
    }


def _account(caller: Caller, account: Account, as_of: str) -> dict[str, Any]:
    balance = caller.ledger.balance(account, caller.ledger.through)
    return {
        "id": caller.scene.account_id(account),
        "number_hash": digest("number", account.id, size=16),
        "nickname": account.nickname,
        "official_name": account.official_name,
        "number_last4": account.last4,
        "kind": account.kind.value,
        "subkind": account.subkind,
        "currency": account.currency,
        "status": "OPEN",
        "balance": {
            "current": plain(balance.current),
            "available": plain(balance.available),
            "limit": plain(account.limit),
            "as_of": as_of,
        },
    }


def _day(query: QueryDict, name: str, default: date) -> date:
    text = query.get(name)
    if not text:
        return default
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year < 1900:
        raise ApiError(400, "invalid_date", f"{name} is a day such as 2026-01-31.")
    return day
