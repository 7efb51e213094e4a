"""The running bank in any dialect: its clock, its books, the faults ordered and the log of requests."""

from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast

import msgspec
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from providers.simulator.books.ledger import Ledger, ledger
from providers.simulator.faults import Faults
from providers.simulator.scenarios import Scenarios

T = TypeVar("T")


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
    """The requests so far, as `GET /control/log` lists them."""

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


@dataclass(kw_only=True)
class Bank(ABC):
    """State that views share; a dialect adds its own. Without a control token there is no control surface.

    `beside` holds the state of other vendors' dialects, which this bank's customers can be reached through.
    """

    control_token: str | None = None
    faults: Faults = field(default_factory=Faults)
    visits: Visits = field(default_factory=Visits)
    scenarios: Scenarios = field(default_factory=Scenarios)
    beside: dict[str, Any] = field(default_factory=dict)

    def vendor(self, name: str, kind: type[T]) -> T:
        """The state of another vendor's dialect: as it was kept over a restart, else made when first asked for."""
        if name not in self.beside:
            kept = self.kept(name)
            self.beside[name] = kind() if kept is None else msgspec.convert(kept, kind)
        return cast("T", self.beside[name])

    @abstractmethod
    def kept(self, name: str) -> Any:
        """The kept state of a vendor's dialect as plain data; None if there is none."""

    @abstractmethod
    def keep(self) -> None:
        """Keep the state of the vendors' dialects over a restart, where this bank has a place for it."""

    @property
    @abstractmethod
    def start(self) -> date:
        """The first day of the books."""

    @abstractmethod
    def now(self) -> datetime:
        """The bank's own time, which tests may move on."""

    @abstractmethod
    def endpoint(self, path: str) -> tuple[str, str | None]:
        """The name a path has in faults and in the log, and the account in it."""

    @abstractmethod
    def advance(self, days: int) -> None:
        """Move the bank's clock on."""

    @abstractmethod
    def revoke_customer(self, customer_id: str) -> int:
        """End every consent of a customer. Returns how many ended."""

    @abstractmethod
    def expire_access_tokens(self) -> int:
        """End every access token. Returns how many ended."""

    @abstractmethod
    def forget_consents(self) -> None:
        """Forget every consent, and set the clock back."""

    @property
    def closed_day(self) -> date:
        """The last day the books are closed for: yesterday. A day's entries show from the next day on."""
        return self.now().date() - timedelta(days=1)

    def ledger(self, customer_id: str) -> Ledger:
        """The customer's books up to the last closed day."""
        return ledger(customer_id, self.start, self.closed_day)


def bank_of(request: HttpRequest) -> Bank:
    """The bank that serves this request."""
    return cast("Bank", cast("ASGIRequest", request).scope["bank"])
