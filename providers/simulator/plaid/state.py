"""Plaid as it runs: link tokens, Items, and the key that webhooks are signed with."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.http import HttpRequest

from providers.simulator.bank import Bank, bank_of
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.dice import digest
from providers.simulator.vendor import minted

INSTITUTION = {"institution_id": "ins_900417", "name": "Sandbox Bank"}
ENDPOINTS = {
    "accounts/get": "accounts",
    "item/get": "customer",
    "item/public_token/exchange": "token",
    "item/remove": "revoke",
    "transactions/sync": "transactions",
    "investments/transactions/get": "transactions",
    "investments/holdings/get": "holdings",
}


@dataclass(slots=True)
class Item:
    """A customer's login at the institution. Its accounts and rows have ids of its own.

    `error` is a code and a reason; while it is set, the Item's data cannot be read.
    """

    customer_id: str
    webhook: str | None
    id: str = field(default_factory=lambda: minted("item", 16))
    access_token: str = field(default_factory=lambda: minted("access-sandbox", 16))
    error: tuple[str, str | None] | None = None
    linked_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def customer(self) -> Customer:
        """The person."""
        return CUSTOMERS[self.customer_id]

    def own_id(self, id: str) -> str:
        """The id of an account or a row of the bank in this Item."""
        return digest("plaid", self.id, id, size=16)

    @property
    def banking(self) -> list[Account]:
        """The accounts with transactions."""
        return [account for account in self.customer.accounts if account.kind is not Kind.BROKERAGE]

    @property
    def investing(self) -> list[Account]:
        """The accounts with holdings."""
        return [account for account in self.customer.accounts if account.kind is Kind.BROKERAGE]


@dataclass(slots=True)
class Session:
    """A visit to the hosted page, begun with a link token. `updates` is the access token of the Item that it mends."""

    given: dict[str, Any]
    updates: str
    token: str = field(default_factory=lambda: minted("link-sandbox", 16))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished: datetime | None = None
    public_token: str = ""

    @property
    def expires(self) -> datetime:
        """Four hours after it was made."""
        return self.created + timedelta(hours=4)


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(slots=True)
class Plaid:
    """The vendor's state."""

    sessions: dict[str, Session] = field(default_factory=dict)
    public: dict[str, Item] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    signing_key: str = field(default_factory=_new_key)
    kid: str = field(default_factory=lambda: minted("kid", 8))
    key_made: int = field(default_factory=lambda: int(time.time()))

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The key that webhooks are signed with."""
        return cast("ec.EllipticCurvePrivateKey", load_pem_private_key(self.signing_key.encode(), None))

    def new_item(self, customer: Customer, webhook: str | None) -> str:
        """A public token, good for one exchange."""
        token = minted("public-sandbox", 16)
        self.public[token] = Item(customer.id, webhook)
        return token


def endpoint(path: list[str]) -> tuple[str, str | None]:
    """The name a path has in faults and in the log."""
    return ENDPOINTS.get("/".join(path), "pages"), None


def state(bank: Bank) -> Plaid:
    """The vendor beside this bank."""
    return bank.vendor("plaid", Plaid)


def plaid_of(request: HttpRequest) -> Plaid:
    """The vendor that serves this request."""
    return state(bank_of(request))


def customer_named(id: str) -> Customer:
    """The customer of that id, or the first one."""
    return CUSTOMERS.get(id, CUSTOMERS["ana"])
