"""The running bank: its client, grants, faults and the log of who called. Views reach it by `bank_of`."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import cast

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from providers.simulator.books.ledger import Ledger, ledger
from providers.simulator.faults import Faults
from providers.simulator.sandbox.grants import Grants
from providers.simulator.sandbox.strict import Strict

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


@dataclass(slots=True)
class Visit:
    """One request. `status` stays None when no reply was begun."""

    endpoint: str
    method: str
    path: str
    time: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
    status: int | None = None


@dataclass(slots=True)
class Visits:
    """What `GET /control/log` tells."""

    counts: Counter[str] = field(default_factory=Counter)
    latest: deque[Visit] = field(default_factory=lambda: deque(maxlen=5_000))

    def record(self, visit: Visit) -> None:
        """Count a request as it comes in."""
        self.counts[visit.endpoint] += 1
        self.latest.append(visit)

    def clear(self) -> None:
        """Start the log afresh."""
        self.counts.clear()
        self.latest.clear()


@dataclass(slots=True)
class Bank:
    """Everything a view needs. Without a control token there is no control surface."""

    issuer: str
    client: Client
    grants: Grants
    control_token: str | None = None
    strict: Strict | None = None
    faults: Faults = field(default_factory=Faults)
    visits: Visits = field(default_factory=Visits)

    @property
    def closed_day(self) -> date:
        """The last day the books are closed for: yesterday. A day's movements show from the next day on."""
        return self.grants.bank_now().date() - timedelta(days=1)

    def ledger(self, customer_id: str) -> Ledger:
        """The customer's books up to the last closed day."""
        return ledger(customer_id, self.grants.state.start, self.closed_day)


def bank_of(request: HttpRequest) -> Bank:
    """The bank that serves this request."""
    return cast("Bank", cast("ASGIRequest", request).scope["bank"])
