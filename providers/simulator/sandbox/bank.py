"""Sandbox Bank as it runs: the registered client, its consents and, where strict, the client's key."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import msgspec
from django.http import HttpRequest

from providers.simulator.bank import Bank, bank_of
from providers.simulator.enable_banking import state as enable_banking
from providers.simulator.ibkr import state as ibkr
from providers.simulator.plaid import state as plaid
from providers.simulator.sandbox.grants import Grants
from providers.simulator.sandbox.strict import Strict
from providers.simulator.simplefin import state as simplefin
from providers.simulator.snaptrade import state as snaptrade

VENDORS = {
    "enable-banking": enable_banking.endpoint,
    "ibkr": ibkr.endpoint,
    "plaid": plaid.endpoint,
    "simplefin": simplefin.endpoint,
    "snaptrade": snaptrade.endpoint,
}
SCOPES = {
    "accounts": "Your name, your accounts and the last four digits of their numbers",
    "balances": "Balances, today and over time",
    "transactions": "Transactions, pending and posted",
    "holdings": "Investments: what you hold, what it cost and what it is worth",
}


@dataclass(frozen=True, slots=True)
class Client:
    """The one registered OAuth client."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Dashtam"


@dataclass(kw_only=True)
class Sandbox(Bank):
    """A bank that speaks OAuth 2.0 and JSON."""

    issuer: str
    client: Client
    grants: Grants
    strict: Strict | None = None

    @property
    def start(self) -> date:
        return self.grants.state.start

    def now(self) -> datetime:
        return self.grants.bank_now()

    def endpoint(self, path: str) -> tuple[str, str | None]:
        match path.strip("/").split("/"):
            case ["api", "v1", "accounts", account, name]:
                return name, account
            case ["api", "v1", name] | ["oauth", name]:
                return name, None
            case [vendor, *rest] if vendor in VENDORS:
                return VENDORS[vendor](rest)
        return "pages", None

    def advance(self, days: int) -> None:
        self.grants.advance(days)

    def revoke_customer(self, customer_id: str) -> int:
        return self.grants.revoke_customer(customer_id)

    def expire_access_tokens(self) -> int:
        return self.grants.expire_access_tokens()

    def forget_consents(self) -> None:
        self.grants.reset()

    def kept(self, name: str) -> Any:
        return self.grants.state.beside.get(name)

    def keep(self) -> None:
        if self.grants.path is None:
            return
        before = self.grants.state.beside
        now = before | {name: msgspec.to_builtins(state) for name, state in self.beside.items()}
        if now != before:
            self.grants.state.beside = now
            self.grants.save()


def sandbox_of(request: HttpRequest) -> Sandbox:
    """The bank that serves this request."""
    return cast("Sandbox", bank_of(request))
