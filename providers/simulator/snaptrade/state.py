"""SnapTrade as it runs: personal keys, connections to brokerages, and OAuth grants."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from providers.simulator.bank import Bank
from providers.simulator.books.customers import CUSTOMERS, Customer
from providers.simulator.books.dice import digest
from providers.simulator.sandbox.grants import Grants, State
from providers.simulator.vendor import minted

ACCESS_SECONDS = 36_000
BROKERAGE = "Lighthouse Brokerage"
ENDPOINTS = {"balances": "balances", "activities": "transactions", "all": "holdings"}


@dataclass(slots=True)
class Connection:
    """A person's connection to the brokerage, as SnapTrade holds it."""

    customer_id: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    disabled: bool = False

    @property
    def customer(self) -> Customer:
        """The person."""
        return CUSTOMERS[self.customer_id]

    def account_id(self, id: str) -> str:
        """The id of an account of the bank in this connection."""
        return ids(self.id, id)


@dataclass(slots=True)
class Key:
    """A personal key."""

    customer: str
    consumer_key: str = field(default_factory=lambda: minted("consumer", 16))


@dataclass(slots=True)
class Login:
    """A visit to the portal that has begun."""

    customer: str
    reconnect: str
    back: str


@dataclass(slots=True)
class SnapTrade:
    """The vendor's state."""

    consents: State = field(default_factory=lambda: State(start=date.min))
    keys: dict[str, Key] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    logins: dict[str, Login] = field(default_factory=dict)

    @property
    def grants(self) -> Grants:
        """The consents given by OAuth."""
        return Grants(None, self.consents, ACCESS_SECONDS)

    def of(self, customer: str) -> list[Connection]:
        """The connections of a customer."""
        return [each for each in self.connections if each.customer.id == customer]

    def connect(self, customer: str, reconnect: str) -> None:
        """Mend a connection, or make one."""
        for each in self.of(customer):
            if each.id == reconnect:
                each.disabled = False
                return
        self.connections.append(Connection(customer))


def ids(*parts: str) -> str:
    """A UUID, the same for the same parts."""
    return str(uuid.UUID(digest("snaptrade", *parts, size=16)))


def endpoint(path: list[str]) -> tuple[str, str | None]:
    """The name a path has in faults and in the log."""
    match path:
        case ["api", "v1", "accounts", account, *rest]:
            return ENDPOINTS.get(rest[-1] if rest else "", "pages"), account
        case ["api", "v1", "accounts"]:
            return "accounts", None
        case ["oauth", name]:
            return (name if name in ("authorize", "token", "revoke") else "pages"), None
    return "pages", None


def state(bank: Bank) -> SnapTrade:
    """The vendor beside this bank."""
    return bank.vendor("snaptrade", SnapTrade)
