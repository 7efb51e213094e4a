"""Enable Banking as it runs: registered applications, authorizations under way, and sessions."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from providers.simulator.bank import Bank
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.dice import digest

BANK = "Sandbox Bank"
COUNTRIES = ("FI", "DE")
VALIDITY = 180 * 24 * 3600
REQUIRED = ("Psu-Ip-Address", "Psu-User-Agent")
READS_A_DAY = 4  # of each account and scope, while no person is there
ENDPOINTS = {"details": "accounts", "balances": "balances", "transactions": "transactions"}


@dataclass(slots=True)
class Authorization:
    """A visit to the bank's page that has begun."""

    given: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    customer: str = ""


@dataclass(slots=True)
class Session:
    """A consent. Its accounts have ids of their own, which end with it."""

    customer_id: str
    country: str
    psu_type: str
    created: datetime
    valid_until: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "AUTHORIZED"
    reads: dict[str, int] = field(default_factory=dict)

    @property
    def customer(self) -> Customer:
        """The person."""
        return CUSTOMERS[self.customer_id]

    def uid(self, account: Account) -> str:
        """The id of an account in this session."""
        return str(uuid.UUID(digest("enable-banking", self.id, account.id, size=16)))

    @property
    def accounts(self) -> dict[str, Account]:
        """The payment accounts by that id."""
        return {self.uid(each): each for each in self.customer.accounts if each.kind is not Kind.BROKERAGE}


@dataclass(slots=True)
class EnableBanking:
    """The vendor's state."""

    applications: dict[str, str] = field(default_factory=dict)
    authorizations: dict[str, Authorization] = field(default_factory=dict)
    codes: dict[str, Authorization] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)


def endpoint(path: list[str]) -> tuple[str, str | None]:
    """The name a path has in faults and in the log."""
    match path:
        case ["accounts", account, name]:
            return ENDPOINTS.get(name, "pages"), account
        case ["sessions", _]:
            return "customer", None
        case ["sessions"]:
            return "token", None
    return "pages", None


def state(bank: Bank) -> EnableBanking:
    """The vendor beside this bank."""
    return bank.vendor("enable-banking", EnableBanking)


def iban(account: Account) -> str:
    """The account's number; no bank has it."""
    digits = str(int(digest("iban", account.id, size=4), 16)).zfill(10)[:10]
    return f"FI00{digits}{account.last4}"


def number_hash(account: Account) -> str:
    """The hash of the number, the same in every session."""
    return digest("number", account.id, size=24)
