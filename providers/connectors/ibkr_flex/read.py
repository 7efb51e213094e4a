"""A Flex document to records, account by account: pure, and exact."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import localcontext
from types import MappingProxyType
from xml.etree.ElementTree import Element

from providers.connectors.contract.batches import CONNECTION, Batch, Cover
from providers.connectors.ibkr_flex import state
from providers.connectors.ibkr_flex.document import SUMMARY, Row, Statement, statements
from providers.connectors.ibkr_flex.reading import Counts, Reading
from providers.connectors.ibkr_flex.sections import NO_TRANSACTIONS, READ, STATE, transactions
from providers.connectors.ibkr_flex.told import SUMS
from providers.connectors.ibkr_flex.values import Misread
from providers.errors import ProviderError, ProviderUnreadable
from providers.records import BalanceRecord, TransactionRecord

DIGITS = 80  # of products and sums, which are exact so
NONE: Mapping[str, str] = MappingProxyType({})
TELLING = ("Trades", "CashTransactions", "CorporateActions", "Transfers")


def read(root: Element) -> list[Reading]:
    """A reading for each account of a document. Raises ProviderUnreadable."""
    with localcontext(prec=DIGITS):
        return _read(root)


def _read(root: Element) -> list[Reading]:
    return [reading for statement in statements(root) for reading in _readings(statement)]


def _readings(statement: Statement) -> Iterator[Reading]:
    """One account's; of the one statement that a query may make of several accounts, one for each that rows name."""
    rows = [row for section in statement.sections.values() for row in section]
    named = sorted({row.text("accountId") for row in rows} - {""})
    own = statement.account
    if not named or (own and "," not in own and (own in named or len(named) < MANY)):
        yield _reading(own, statement, lambda row: True)
        return
    nobodys = _nameless(statement)
    for number, name in enumerate(named):
        reading = _reading(name, statement, functools.partial(_is_of, name))
        if nobodys.refused:
            reading = replace(reading, covers=None)
        if not number:
            reading.counts.add(nobodys)
        yield reading


MANY = 2  # accounts in one statement


def _is_of(id: str, row: Row) -> bool:
    return row.text("accountId") == id


def _nameless(statement: Statement) -> Counts:
    """The rows that name no account where several have one statement: sums of all, or rows that cannot be placed."""
    counts = Counts()
    for section, rows in statement.sections.items():
        for row in rows:
            if not row.text("accountId") and row.text("currency") != SUMMARY:
                _count_nameless(section, counts)
            elif not row.text("accountId") and section in READ:
                counts.left_out[SUMS] += 1
    return counts


def _count_nameless(section: str, counts: Counts) -> None:
    if section in NO_TRANSACTIONS:
        counts.left_out[NO_TRANSACTIONS[section]] += 1
    elif section in READ or section == "OpenPositions":
        counts.refused[f"{section}: accountId"] += 1
    elif section not in STATE:
        counts.unknown[f"section {section}"] += 1
    elif section in OWNED:
        counts.unknown[f"{section}: accountId"] += 1


OWNED = frozenset({"CashReport", "EquitySummaryInBase"})


def _reading(id: str, statement: Statement, mine: Callable[[Row], bool]) -> Reading:
    counts = Counts()
    rows = [row for section in statement.sections.values() for row in section if mine(row)]
    positions = [row for row in statement.rows("OpenPositions") if mine(row)]
    found = transactions(statement, mine, counts)
    try:
        account = state.account(id, statement, rows, positions)
        days = state.balances(rows, counts)
    except Misread:
        raise ProviderUnreadable from None
    whole = all(section in statement.sections for section in TELLING)
    holdings = state.holdings(statement, positions, rows, counts)
    period = (statement.first, statement.last) if statement.first and statement.last else None
    return Reading(
        account=account,
        rows=found,
        holdings=holdings,
        balances=days,
        covers=period if whole and not counts.refused else None,
        counts=counts,
        period=period,
        opened=state.opened(rows),
    )


def batch(readings: Sequence[Reading], *, now: bool = True, cursors: Mapping[str, str] = NONE) -> Batch:
    """The batch of a document: of today, with accounts and holdings, or of years ago (not `now`), with rows alone.

    What the query leaves out is not told; an account with unread rows covers nothing.
    """
    notices: Counter[str] = Counter()
    for reading in readings:
        for word, count in reading.counts.unknown.items():
            notices[f"unknown {word}"] += count
        for word, count in reading.counts.refused.items():
            notices[f"unread {word}"] += count
    troubles: dict[str, ProviderError] = {
        reading.account.id or CONNECTION: ProviderUnreadable()
        for reading in readings
        if reading.counts.refused or not reading.account.currency or not reading.account.id
    }
    named = [reading for reading in readings if reading.account.currency and reading.account.id]
    if now and not named and not troubles:
        troubles[CONNECTION] = ProviderUnreadable()
    latest = {reading.account.id: reading for reading in _by_age(named)}
    return Batch(
        accounts=[reading.account for reading in latest.values()] if now else None,
        rows={name: rows_of([each for each in named if each.account.id == name]) for name in latest},
        covers=[
            Cover(reading.account.id, *reading.covers, statuses=("posted",))
            for reading in named
            if reading.covers
        ],
        holdings={name: each.holdings for name, each in latest.items() if now and each.holdings},
        balances={name: days for name in latest if (days := _days(named, name))},
        troubles=troubles,
        notices=notices,
        cursors=cursors,
    )


def rows_of(statements: Sequence[Reading]) -> list[TransactionRecord]:
    """The rows of all statements of an account, each once: a query may break its period into days, or overlap."""
    found: list[TransactionRecord] = []
    named: set[str] = set()
    nameless: Counter[str] = Counter()
    for reading in reversed(_by_age(statements)):
        again = Counter(repr(row) for row in reading.rows if not row.id)
        told = again & nameless
        for row in reading.rows:
            key = repr(row)
            if row.id in named or (not row.id and told[key] > 0):
                told[key] -= not row.id
            else:
                found.append(row)
        named |= {row.id for row in reading.rows} - {""}
        nameless |= again
    return found


def _by_age(readings: Sequence[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda reading: reading.account.as_of)


def _days(readings: Sequence[Reading], id: str) -> list[BalanceRecord]:
    own = [each for each in _by_age(readings) if each.account.id == id]
    found = {day.date: day for each in own for day in each.balances}
    return [found[day] for day in sorted(found)]
