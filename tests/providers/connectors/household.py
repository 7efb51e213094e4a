"""The household of the pretend bank, as each vendor's connector has to bring it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx

from providers.connectors.base import Connector
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.reach import reach
from providers.records import AccountRecord, Capability, HoldingsRecord, TransactionRecord
from providers.simulator.books.ledger import ledger
from providers.simulator.process import SandboxBank
from providers.wire.grants import Grant

EVERYTHING: frozenset[Capability] = frozenset(("accounts", "balances", "transactions", "holdings"))
SIGNS = {"CHECKING": 1, "SAVINGS": 1, "CREDIT_CARD": -1, "MORTGAGE": -1, "BROKERAGE": 1}


@dataclass
class Pulled:
    """The state that batches lead to, as the core would hold it."""

    accounts: dict[str, AccountRecord] = field(default_factory=dict)
    rows: dict[str, dict[str, TransactionRecord]] = field(default_factory=dict)
    holdings: dict[str, HoldingsRecord] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, Exception] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)

    def land(self, batches: list[Batch]) -> None:
        """Take batches that land together: what they cover is what they state."""
        for cover in [cover for batch in batches for cover in batch.covers]:
            kept = self.rows.setdefault(cover.account, {})
            for name in [name for name, row in kept.items() if cover.first <= row.date <= cover.last]:
                del kept[name]
        for batch in batches:
            self.take(batch)

    def take(self, batch: Batch) -> None:
        self.batches.append(batch)
        for account in batch.accounts or ():
            self.accounts[account.id] = account
        for account_id, rows in batch.rows.items():
            held = self.rows.setdefault(account_id, {})
            for number, row in enumerate(rows):
                held.pop(row.replaced_pending_id, None)
                held[row.id or f"{row.date} {number}"] = row
        for account_id, ids in batch.gone.items():
            for name in ids:
                self.rows.get(account_id, {}).pop(name, None)
        self.holdings.update(batch.holdings)
        self.cursors.update(batch.cursors)
        self.troubles.update(batch.troubles)

    def posted(self, account: str) -> list[TransactionRecord]:
        return [row for row in self.rows.get(account, {}).values() if row.status == "posted"]

    def pending(self, account: str) -> list[TransactionRecord]:
        return [row for row in self.rows.get(account, {}).values() if row.status == "pending"]

    def of(self, mask: str) -> str:
        """The id of the account whose number ends so."""
        return next(account.id for account in self.accounts.values() if account.mask == mask)


def client_for(connector: Connector, grant: Grant) -> httpx.AsyncClient:
    return reach(connector, grant=grant)


def wanted(
    cursors: Mapping[str, str] | None = None,
    *,
    first: date | None = None,
    present: Mapping[str, str] | None = None,
) -> Wanted:
    """The question of a pull: everything, up to a day after any zone's today."""
    last = date.today() + timedelta(days=1)  # noqa: DTZ011
    return Wanted(first=first, last=last, cursors=cursors or {}, what=EVERYTHING, present=present or {})


async def pull(
    connector: Connector,
    grant: Grant,
    before: Pulled | None = None,
    *,
    first: date | None = None,
    present: Mapping[str, str] | None = None,
) -> Pulled:
    """A pull into what is held, from its cursors."""
    pulled = before or Pulled()
    asked = wanted(dict(pulled.cursors), first=first, present=present)
    async with client_for(connector, grant) as client:
        batches: AsyncIterator[Batch] = connector.pull(client, asked)
        held: list[Batch] = []
        async for batch in batches:
            held.append(batch)
            if batch.final:
                pulled.land(held)
                held = []
    return pulled


MASKS = {
    "CHECKING": "4417",
    "SAVINGS": "9020",
    "CREDIT_CARD": "7781",
    "MORTGAGE": "0356",
    "BROKERAGE": "5562",
}


def since(bank: SandboxBank, mask: str, first: date) -> tuple[int, Decimal]:
    """How many rows of Ana's account have posted since a day, and their sum."""
    through = date.fromisoformat(bank.control("truth?customer=ana")["closed_day"])
    today = date.today()  # noqa: DTZ011 - the bank's books begin two years before it started, in UTC
    book = ledger("ana", today.replace(year=today.year - 2, day=1), through)
    account = next(each for each in book.customer.accounts if each.last4 == mask)
    rows = [entry.amount for entry in book.posted(account, through) if entry.settles_on >= first]
    return len(rows), sum(rows, Decimal(0))


def truth(bank: SandboxBank, kinds: Sequence[str] = tuple(SIGNS)) -> dict[str, dict[str, Any]]:
    """The bank's own numbers of Ana's accounts by the end of their number, in our signs."""
    return {
        MASKS[row["kind"]]: {
            "current": SIGNS[row["kind"]] * Decimal(row["current"]),
            "posted": (row["posted"]["count"], Decimal(row["posted"]["sum"])),
            "pending": (row["pending"]["count"], Decimal(row["pending"]["sum"])),
            "units": {held["security_id"]: Decimal(held["units"]) for held in row["holdings"]},
            "value": sum((Decimal(held["value"]) for held in row["holdings"]), Decimal(0)),
            "cost": sum((Decimal(held["cost_basis"]) for held in row["holdings"]), Decimal(0)),
        }
        for row in bank.control("truth?customer=ana")["accounts"]
        if row["kind"] in kinds
    }


def told(pulled: Pulled, mask: str) -> dict[str, Any]:
    """The same from what was pulled."""
    account = pulled.accounts[pulled.of(mask)]
    posted, pending = pulled.posted(account.id), pulled.pending(account.id)
    held = pulled.holdings[account.id].holdings if account.id in pulled.holdings else ()
    return {
        "current": account.current,
        "posted": (len(posted), sum((row.amount for row in posted), Decimal(0))),
        "pending": (len(pending), sum((row.amount for row in pending), Decimal(0))),
        "units": {row.security_id: row.quantity for row in held},
        "value": sum((row.market_value or Decimal(0) for row in held), Decimal(0)),
        "cost": sum((row.cost_basis or Decimal(0) for row in held), Decimal(0)),
    }
