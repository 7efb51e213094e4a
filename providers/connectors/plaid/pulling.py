"""Pulls of an Item: its accounts, what they hold, and what has happened since the cursor or within the window."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TypeVar

import httpx

from providers import records
from providers.connectors.contract.batches import CONNECTION, Batch, Cover, StartAgain, Wanted, unknown_words
from providers.connectors.contract.positions import summed
from providers.connectors.plaid import answers, reading
from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnreadable,
)
from providers.wire.http import request_json

T = TypeVar("T")
PAGE = 500
HISTORY = timedelta(days=730)
LOOK_BACK = timedelta(days=30)  # activities come late, and have no cursor
BOTH = ("holdings", "transactions")
CASH = "cash"  # the type of a security that is none
BY_ITEM = ("transactions", "investments")


NOT_LISTED = "account not listed"  # of a row
NO_UNIT = "unknown_currency"  # of an account that names none, and no unit of Plaid's own
Units = Mapping[str, str]  # the currency of each account


@dataclass(slots=True)
class Investments:
    """The holdings and rows of investment accounts, which Plaid tells without a cursor."""

    holdings: dict[str, list[records.HoldingRecord]] = field(default_factory=dict)
    cash: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    securities: dict[str, records.SecurityRecord] = field(default_factory=dict)
    rows: dict[str, list[records.TransactionRecord]] = field(default_factory=dict)
    accounts: Sequence[str] = ()
    units: Units = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    trouble: ProviderError | None = None
    first: date = date.min


async def pull(client: httpx.AsyncClient, wanted: Wanted, *, now: datetime) -> AsyncIterator[Batch]:
    """Accounts first, then holdings and activities, then transactions. Raises ProviderErrors, StartAgain."""
    told = await _post(client, "/item/get", answers.ItemAnswer)
    every = (await _post(client, "/accounts/get", answers.Accounts)).accounts
    units = {row.account_id: unit for row in every if (unit := reading.unit(row.balances))}
    listed = [row for row in every if row.account_id in units]
    products = {*told.item.products, *told.item.billed_products}
    investing = [row.account_id for row in listed if reading.TYPES.get(row.type) == "investment"]
    found = Investments(accounts=investing, units=units)
    reads_investments = "investments" in products and not wanted.what.isdisjoint(BOTH)
    if reads_investments:
        await _read(client, wanted, found)
    yield Batch(
        accounts=[
            reading.account(
                row,
                told.item,
                _as_of(told.status, row, now),
                tuple(found.cash.get(row.account_id, {}).items()),
            )
            for row in listed
        ],
        troubles={
            row.account_id: ProviderUnreadable(code=NO_UNIT) for row in every if row.account_id not in units
        },
    )
    if reads_investments:
        yield _investments(found, wanted, _moment(told.status, "investments", now))
    if "transactions" in products and "transactions" in wanted.what:
        banking = [row.account_id for row in listed if row.account_id not in investing]
        async for batch in _all_changes(client, wanted, banking, units):
            yield batch


async def _all_changes(
    client: httpx.AsyncClient, wanted: Wanted, accounts: Sequence[str], units: Units
) -> AsyncIterator[Batch]:
    """The changes since the cursor; where Plaid no longer takes that, all rows, which then say what is gone."""
    cursor = wanted.cursors.get(CONNECTION, "")
    try:
        async for batch in _changes(client, cursor, units):
            yield batch
            cursor = ""
    except ProviderRefused:
        if not cursor:
            raise
        oldest = dict.fromkeys(accounts, wanted.last - HISTORY)
        async for batch in _changes(client, "", units):
            for account, rows in batch.rows.items():
                oldest[account] = min(oldest.get(account, wanted.last), *(row.date for row in rows))
            covers = [Cover(account, first, wanted.last) for account, first in oldest.items()]
            yield replace(batch, covers=covers if batch.final and batch.cursors else ())


async def _changes(client: httpx.AsyncClient, cursor: str, units: Units) -> AsyncIterator[Batch]:
    """Pages since the cursor. Plaid may void them until the last one, so only that one is final."""
    more = True
    while more:
        asked: dict[str, object] = {"count": PAGE, "options": {"include_original_description": True}}
        if cursor:
            asked["cursor"] = cursor
        page = await _post(client, "/transactions/sync", answers.Changes, **asked)
        cursor, more = page.next_cursor, page.has_more
        rows: dict[str, list[records.TransactionRecord]] = {}
        left_out = Counter(NOT_LISTED for row in (*page.added, *page.modified) if row.account_id not in units)
        for row in (*page.added, *page.modified):
            if row.account_id in units:
                told = reading.transaction(row, units[row.account_id])
                rows.setdefault(row.account_id, []).append(told)
        gone: dict[str, list[str]] = {}
        for removed in page.removed:
            for account in (removed.account_id,) if removed.account_id else units:
                gone.setdefault(account, []).append(removed.transaction_id)
        # An Item that Plaid has not read yet has an empty cursor, which says nothing.
        cursors = {CONNECTION: cursor} if cursor and not more else {}
        notices = unknown_words(chain(*rows.values())) + left_out
        yield Batch(rows=rows, gone=gone, cursors=cursors, notices=notices, final=not more)


async def _read(client: httpx.AsyncClient, wanted: Wanted, found: Investments) -> None:
    """Read holdings and activities; what goes wrong with them does not stop the rest."""
    try:
        if "holdings" in wanted.what:
            await _read_holdings(client, found)
        if "transactions" in wanted.what:
            await _read_activities(client, wanted, found)
    except (ConsentEnded, ProviderRateLimited, StartAgain):
        raise
    except ProviderError as error:
        found.trouble = error


async def _read_holdings(client: httpx.AsyncClient, found: Investments) -> None:
    answer = await _post(client, "/investments/holdings/get", answers.Holdings)
    types = {row.security_id: row.type for row in answer.securities}
    found.holdings = {account: [] for account in found.accounts}
    for row in answer.holdings:
        if (own := found.units.get(row.account_id)) is None:
            continue
        if types.get(row.security_id) == CASH:
            (unit, amount), pockets = reading.cash(row, own), found.cash.setdefault(row.account_id, {})
            pockets[unit] = pockets.get(unit, Decimal(0)) + amount
        else:
            found.holdings.setdefault(row.account_id, []).append(reading.holding(row, own))
    _name(found, answer.securities, answer.holdings)


async def _read_activities(client: httpx.AsyncClient, wanted: Wanted, found: Investments) -> None:
    """All activities of the window. Pages are by offset, so a list that changes its length is read again."""
    found.first = _first(wanted, found.accounts)
    offset, total = 0, 1
    while offset < total:
        options = {"count": PAGE, "offset": offset}
        window = {"start_date": found.first.isoformat(), "end_date": wanted.last.isoformat()}
        page = await _post(
            client, "/investments/transactions/get", answers.Activities, **window, options=options
        )
        listed = page.investment_transactions
        if offset and page.total_investment_transactions != total:
            raise StartAgain
        if not listed and offset < page.total_investment_transactions:
            raise StartAgain
        total, offset = page.total_investment_transactions, offset + len(listed)
        for row in listed:
            if (own := found.units.get(row.account_id)) is None:
                found.left_out[NOT_LISTED] += 1
            else:
                found.rows.setdefault(row.account_id, []).append(reading.activity(row, own))
        _name(found, page.securities, listed)


def _first(wanted: Wanted, accounts: Sequence[str]) -> date:
    """The day to read from: an account's cursor is the last day read, and Plaid goes back two years."""
    oldest = wanted.last - HISTORY
    known = [wanted.cursors.get(account, "") for account in accounts]
    days = [date.fromisoformat(cursor) - LOOK_BACK if cursor else oldest for cursor in known]
    return max(min(days, default=oldest), oldest)


def _name(
    found: Investments,
    securities: Sequence[answers.Security],
    rows: Sequence[answers.Holding | answers.Activity],
) -> None:
    """Name the securities; one without a currency has that of a row about it, and without one it is not told."""
    used = {row.security_id: reading.unit(row) or found.units.get(row.account_id, "") for row in rows}
    named = [reading.security(row, used.get(row.security_id, "")) for row in securities if row.type != CASH]
    found.securities |= {record.id: record for record in named if record.currency}


def _investments(found: Investments, wanted: Wanted, as_of: datetime) -> Batch:
    """One batch of all of it; after trouble, only that there was some."""
    if found.trouble is not None:
        return Batch(troubles=dict.fromkeys(found.accounts, found.trouble))
    securities = list(found.securities.values())
    held = {
        account: records.HoldingsRecord(as_of=as_of, holdings=summed(rows), securities=securities)
        for account, rows in found.holdings.items()
    }
    if "transactions" not in wanted.what:
        return Batch(holdings=held)
    return Batch(
        rows=found.rows,
        holdings=held,
        covers=[Cover(account, found.first, wanted.last) for account in found.accounts],
        cursors=dict.fromkeys(found.accounts, wanted.last.isoformat()),
        notices=unknown_words(chain(*found.rows.values())) + found.left_out,
    )


def _as_of(status: answers.Status | None, row: answers.Account, now: datetime) -> datetime:
    invests = reading.TYPES.get(row.type) == "investment"
    return _moment(status, BY_ITEM[invests], now)


def _moment(status: answers.Status | None, product: str, now: datetime) -> datetime:
    """The time at which Plaid last read that product at the institution; now, if it does not say."""
    update = getattr(status, product, None)
    return reading.aware(update.last_successful_update if update else None) or now


async def _post(client: httpx.AsyncClient, path: str, type: type[T], **members: object) -> T:
    """A read, which at Plaid is a POST as well."""
    return await request_json(client, "POST", path, type=type, json=members, safe=True)
