"""Pulls at SnapTrade: accounts, their cash and positions, and activities by offset. What is disabled stands still."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import quote

import httpx

from providers import records
from providers.connectors.contract.batches import Batch, Cover, StartAgain, Wanted, unknown_words
from providers.connectors.contract.positions import summed
from providers.connectors.snaptrade import answers, reading
from providers.connectors.snaptrade.faults import ConnectionDisabled
from providers.connectors.snaptrade.signing import ROOT
from providers.errors import ConsentEnded, ProviderError, ProviderUnavailable
from providers.wire.http import request_json

T = TypeVar("T")
PAGE = 1000
OLDEST = date(1990, 1, 1)


@dataclass(slots=True)
class Told:
    """The rows of one account, the securities in them, and how many rows told too little."""

    rows: list[records.TransactionRecord] = field(default_factory=list)
    securities: dict[str, records.SecurityRecord] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


async def pull(client: httpx.AsyncClient, wanted: Wanted, *, now: datetime) -> AsyncIterator[Batch]:
    """Accounts of living connections, then one batch for each. Raises ProviderErrors, StartAgain."""
    disabled = await _disabled(client)
    listed = await _get(client, "/accounts", list[answers.Account])
    real = [row for row in listed if not row.is_paper and row.status not in reading.GONE]
    troubles: dict[str, ProviderError] = {
        row.institution_name: ConnectionDisabled() for row in real if row.brokerage_authorization in disabled
    }
    living = [row for row in real if row.brokerage_authorization not in disabled]
    found = await _accounts(client, living, troubles, now)
    yield Batch(accounts=[record for _, record in found], troubles=troubles)
    for row, record in found:
        yield await _contents_or_trouble(client, wanted, row, record)


async def _disabled(client: httpx.AsyncClient) -> set[str]:
    """The connections that SnapTrade has lost; where there is no other, the answer is a ConsentEnded."""
    held = await _get(client, "/authorizations", list[answers.Authorization])
    return {each.id for each in held if each.disabled}


async def _accounts(
    client: httpx.AsyncClient,
    living: list[answers.Account],
    troubles: dict[str, ProviderError],
    now: datetime,
) -> list[tuple[answers.Account, records.AccountRecord]]:
    """The accounts that answered; the troubles of the others are added to those known."""
    found = []
    for row in living:
        try:
            found.append((row, await _account(client, row, now)))
        except ConsentEnded:
            raise
        except ProviderError as error:
            troubles[reading.lasting_id(row)] = error
    return found


async def _account(client: httpx.AsyncClient, row: answers.Account, now: datetime) -> records.AccountRecord:
    cash = await _get(client, f"/accounts/{quote(row.id, safe='')}/balances", list[answers.Balance], row.id)
    return reading.account(row, cash, now)


async def _contents_or_trouble(
    client: httpx.AsyncClient, wanted: Wanted, row: answers.Account, record: records.AccountRecord
) -> Batch:
    try:
        return await _contents(client, wanted, row, record)
    except (ConsentEnded, StartAgain):
        raise
    except ProviderError as error:
        return Batch(troubles={record.id: error})


async def _contents(
    client: httpx.AsyncClient, wanted: Wanted, row: answers.Account, record: records.AccountRecord
) -> Batch:
    """Rows up to the day that SnapTrade has read, and positions with the securities of both."""
    synced = row.sync_status.transactions
    if synced is not None and synced.initial_sync_completed is False:
        raise ProviderUnavailable(retry_after=300)
    told = Told()
    first, last = _window(wanted, synced)
    if "transactions" in wanted.what and first <= last:
        told = await _rows(client, record, first, last)
    holdings = {}
    if "holdings" in wanted.what and record.type == "investment":
        holdings = {record.id: await _holdings(client, row, record, told)}
    covers = [Cover(record.id, first, last, ("posted",))] if told.rows or first <= last else []
    return Batch(
        rows={record.id: told.rows},
        covers=covers if "transactions" in wanted.what else (),
        holdings=holdings,
        notices=told.left_out + unknown_words(told.rows),
    )


def _window(wanted: Wanted, synced: answers.Synced | None) -> tuple[date, date]:
    """The days that SnapTrade knows: it reads activities once a day, and knows nothing of the days after."""
    oldest = reading.oldest(synced) or OLDEST
    read = reading.moment(synced)
    last = min(wanted.last, read.date()) if read else wanted.last
    return max(wanted.first or oldest, OLDEST), last


async def _rows(client: httpx.AsyncClient, record: records.AccountRecord, first: date, last: date) -> Told:
    """All activities of the window. A list whose length changes between two pages is read again."""
    told, offset, total = Told(), 0, 1
    path = f"/accounts/{quote(record.handle, safe='')}/activities"
    window: dict[str, str | int] = {
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "limit": PAGE,
    }
    while offset < total:
        page = await _get(client, path, answers.Activities, record.handle, offset=offset, **window)
        stated = page.pagination.total if page.pagination else None
        now = offset + len(page.data) if stated is None else stated
        if (offset and now != total) or (not page.data and offset < now):
            raise StartAgain
        total, offset = now, offset + len(page.data)
        for row in page.data:
            if about := reading.traded(row, record.currency):
                told.securities[about.id] = about
            record_or_none = reading.activity(row, record.currency)
            if record_or_none is None:
                told.left_out[f"no amount {row.type}"] += 1
            else:
                told.rows.append(record_or_none)
    return told


async def _holdings(
    client: httpx.AsyncClient, row: answers.Account, record: records.AccountRecord, told: Told
) -> records.HoldingsRecord:
    path = f"/accounts/{quote(record.handle, safe='')}/positions/all"
    found = await _get(client, path, answers.Positions, record.handle)
    securities = told.securities | {
        each.instrument.id: reading.security(each.instrument, record.currency) for each in found.results
    }
    held = [reading.holding(each, record.currency) for each in found.results]
    return records.HoldingsRecord(
        as_of=reading.aware(found.data_freshness.as_of),
        holdings=summed(each for each in held if each is not None),
        securities=list(securities.values()),
        complete=reading.holdings_told(row) and all(each is not None for each in held),
    )


async def _get(
    client: httpx.AsyncClient, path: str, type: type[T], account: str = "", **params: str | int
) -> T:
    return await request_json(client, "GET", f"{ROOT}{path}", type=type, params=params, account=account)
