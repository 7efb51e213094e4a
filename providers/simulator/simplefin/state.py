"""The bridge as it runs: setup tokens that wait, and the access that was given for them."""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Literal

from django.http import HttpRequest

from providers.simulator.bank import Bank, bank_of
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.dice import digest
from providers.simulator.vendor import minted

Scenario = Literal["", "partial", "payment", "revoked", "blocked", "old"]
BANKS = {True: "Lighthouse Brokerage", False: "Sandbox Bank"}  # whether an account invests


@dataclass(slots=True)
class Access:
    """The access that a token was exchanged for. `scenario` names the trouble that it is in."""

    customer_id: str
    user: str = field(default_factory=lambda: minted("user", 8))
    password: str = field(default_factory=lambda: minted("pass", 16))
    scenario: Scenario = ""

    @property
    def customer(self) -> Customer:
        """The person."""
        return CUSTOMERS[self.customer_id]


@dataclass(slots=True)
class SimpleFin:
    """The vendor's state."""

    waiting: dict[str, str] = field(default_factory=dict)
    given: dict[str, Access] = field(default_factory=dict)

    def token(self, customer: Customer, issuer: str) -> str:
        """A new setup token: an address in base64."""
        code = minted("claim", 12)
        self.waiting[code] = customer.id
        return base64.b64encode(f"{issuer}/simplefin/claim/{code}".encode()).decode()

    def claim(self, code: str) -> Access | None:
        """The access for a token, once."""
        customer = self.waiting.pop(code, None)
        if customer is None:
            return None
        access = Access(customer)
        self.given[access.user] = access
        return access

    def known(self, user: str, password: str) -> Access | None:
        """The access with these credentials."""
        access = self.given.get(user)
        return access if access and hmac.compare_digest(access.password.encode(), password.encode()) else None


def endpoint(path: list[str]) -> tuple[str, str | None]:
    """The name a path has in faults and in the log."""
    return {"claim": "token", "accounts": "accounts"}.get(path[0] if path else "", "pages"), None


def state(bank: Bank) -> SimpleFin:
    """The vendor beside this bank."""
    return bank.vendor("simplefin", SimpleFin)


def simplefin_of(request: HttpRequest) -> SimpleFin:
    """The vendor that serves this request."""
    return state(bank_of(request))


def connection_of(customer: Customer, account: Account) -> tuple[str, str]:
    """The id and the name of the connection that an account comes by."""
    name = BANKS[account.kind is Kind.BROKERAGE]
    return f"CON-{digest('simplefin', customer.id, name)}", f"{name} - {customer.name.split()[0]}"


def id_of(account: Account) -> str:
    """The bridge's id of an account."""
    return f"ACT-{digest('simplefin', account.id)}"


def customer_named(name: str) -> Customer:
    """The customer of that id, or the first one."""
    return CUSTOMERS.get(name, CUSTOMERS["ana"])
