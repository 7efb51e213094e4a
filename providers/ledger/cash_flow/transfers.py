"""Transfers between a person's own accounts, recognised by their two sides: pure, and linear in the number of rows.

Two rows make a transfer when they are in two accounts, of opposite amounts in one currency, and at most MOST_DAYS
apart. Each row belongs to one transfer at most. Of several rows that would do, one whose kind says transfer or payment
comes first, and among these the nearest day. Rows of a kind that no transfer has (NEVER) are left alone.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from providers.records import Kind

MOST_DAYS = 5

# Trades move value inside an investment account: neither money in nor money out.
TRADES = frozenset({
    Kind.BUY, Kind.SELL, Kind.REINVESTMENT, Kind.RETURN_OF_CAPITAL, Kind.JOURNAL, Kind.SPLIT, Kind.MERGER,
    Kind.OPTION,
})  # fmt: skip
NEVER = TRADES | {
    Kind.PURCHASE, Kind.FEE, Kind.TAX, Kind.INTEREST, Kind.DIVIDEND, Kind.CAPITAL_GAIN, Kind.ATM,
}  # fmt: skip
_SIGNALS = {Kind.TRANSFER, Kind.PAYMENT}


@dataclass(frozen=True, slots=True)
class Leg:
    """A transaction, as far as it may be one side of a transfer."""

    id: UUID
    account_id: UUID
    date: date
    amount: Decimal
    currency: str
    kind: str
    category: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that left one account and came into another."""

    out: Leg
    into: Leg


_Waiting = dict[tuple[date, bool], dict[UUID, deque[Leg]]]


def transfers(legs: Iterable[Leg]) -> list[Transfer]:
    """The transfers among these rows, which may come in any order."""
    alike: dict[tuple[str, Decimal], list[Leg]] = defaultdict(list)
    for leg in sorted(legs, key=lambda leg: (leg.date, leg.id)):
        if leg.amount and leg.kind not in NEVER:
            alike[leg.currency, abs(leg.amount)].append(leg)
    return [pair for group in alike.values() for pair in _pairs(group)]


def _pairs(group: list[Leg]) -> Iterator[Transfer]:
    waiting: _Waiting = defaultdict(lambda: defaultdict(deque))
    for leg in group:
        if leg.amount > 0:
            waiting[leg.date, leg.kind in _SIGNALS][leg.account_id].append(leg)
    free = [leg for leg in group if leg.amount < 0]
    if not waiting or not free:
        return
    for signals in (2, 1, 0):
        for days in range(MOST_DAYS + 1):
            rest = []
            for leg in free:
                into = _take(waiting, leg, signals - (leg.kind in _SIGNALS), days)
                if into is None:
                    rest.append(leg)
                else:
                    yield Transfer(leg, into)
            free = rest


def _take(waiting: _Waiting, leg: Leg, signals: int, days: int) -> Leg | None:
    """The first row in another account that many days later, or else earlier; it waits no more."""
    if signals not in (0, 1):
        return None
    for offset in (days, -days):
        by_account = waiting.get((leg.date + timedelta(days=offset), bool(signals)), {})
        for account_id, queue in by_account.items():
            if account_id != leg.account_id:
                found = queue.popleft()
                if not queue:
                    del by_account[account_id]
                return found
    return None
