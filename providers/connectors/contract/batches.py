"""Data arrives in batches, each of which says what it covers completely. The sync core reads nothing else."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from providers.errors import ProviderError
from providers.records import (
    AccountRecord,
    AccountRef,
    BalanceRecord,
    Capability,
    HoldingsRecord,
    TransactionRecord,
)

CONNECTION = (
    ""  # the key of a cursor that belongs to the whole connection, and of a trouble of the whole institution
)
Status = Literal["pending", "posted"]


@dataclass(frozen=True, slots=True)
class Cover:
    """A window of days, both included, whose rows of one account the batch states completely.

    A row held in it that the batch does not state is gone. An institution in trouble covers nothing.
    """

    account: str
    first: date
    last: date
    statuses: tuple[Status, ...] = ("pending", "posted")


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of the provider's knowledge, about one account or many. All that is None or absent was not told.

    `accounts` are all accounts of the consent, or of the institutions behind it that answered. `rows` are new or
    changed ones by account id; `gone` are ids that the provider withdraws. `troubles` are by account id, by the name of
    an institution behind an aggregator, or CONNECTION. `cursors` are by account id, or CONNECTION; they are stored with
    the rows. `notices` are words that were not understood, and rows that were left out, with how many. A batch that is
    not `final` is held, and lands together with the next final one, or not at all.

    `anew` are accounts whose rows are read again from the oldest one, whatever cursor was held. `turn` is the account
    that is read from here on, for those who wait to see.
    """

    accounts: Sequence[AccountRecord] | None = None
    rows: Mapping[str, Sequence[TransactionRecord]] = field(default_factory=dict)
    gone: Mapping[str, Sequence[str]] = field(default_factory=dict)
    covers: Sequence[Cover] = ()
    holdings: Mapping[str, HoldingsRecord] = field(default_factory=dict)
    balances: Mapping[str, Sequence[BalanceRecord]] = field(default_factory=dict)
    troubles: Mapping[str, ProviderError] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)
    anew: Collection[str] = ()
    turn: str = ""
    final: bool = True

    @property
    def lands(self) -> bool:
        """True if any of it is stored. A turn, troubles and notices alone are not."""
        told = (self.rows, self.gone, self.covers, self.holdings, self.balances, self.cursors)
        return self.accounts is not None or any(told)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The question of one pull.

    `first` is None for all there is, from the oldest row. `accounts` are the known ones; none if nothing is known yet.
    `present` describes the person's browser while they wait for the answer themselves, else it is empty: `Address`, and
    those of the headers User-Agent, Accept, Accept-Language, Accept-Encoding and Referer that it sent.
    """

    first: date | None
    last: date
    cursors: Mapping[str, str] = field(default_factory=dict)
    accounts: Sequence[AccountRef] = ()
    what: frozenset[Capability] = frozenset()
    present: Mapping[str, str] = field(default_factory=dict, repr=False)


def unknown_words(rows: Iterable[TransactionRecord]) -> Counter[str]:
    """The provider's own words that no kind of ours is for, and how many rows have each: notices of a batch."""
    return Counter(f"unknown {row.source_code}" for row in rows if row.kind == "unknown" and row.source_code)


class StartAgain(ProviderError):
    """The provider has changed its answer while we were paging: what was held is void, and the pull begins anew."""

    code = "changed_while_reading"
    title = "The institution changed its data while it was read."
