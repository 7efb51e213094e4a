"""Pulls of a session: details, balances and rows of each account. One account's trouble does not stop the others."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import httpx

from providers import records
from providers.connectors.contract.batches import Batch, Cover, StartAgain, Wanted, unknown_words
from providers.connectors.enable_banking import answers, reading
from providers.connectors.enable_banking.faults import CursorVoid, PeriodTooLong
from providers.errors import ConsentEnded, ProviderError
from providers.wire.http import request_json

T = TypeVar("T")
SHORTER = (89, 60, 30)  # days that a bank gives without the person, where it refuses what was asked for
PSU_HEADERS = {
    "psu-ip-address": "Address",
    "psu-user-agent": "User-Agent",
    "psu-referer": "Referer",
    "psu-accept": "Accept",
    "psu-accept-encoding": "Accept-Encoding",
    "psu-accept-language": "Accept-Language",
}
USUAL = ("psu-ip-address", "psu-user-agent")


@dataclass(frozen=True, slots=True)
class Reader:
    """A session, and the API around it: the grant's own address is that of its session."""

    client: httpx.AsyncClient
    wanted: Wanted
    now: datetime
    psu: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """The address of the session."""
        return str(self.client.base_url).rstrip("/")

    async def get(self, path: str, type: type[T], account: str = "", **params: str) -> T:
        """A read below the API's own address, counted for this account and scope. Raises ProviderErrors."""
        url = f"{self.address.rpartition('/sessions/')[0]}{path}"
        return await request_json(
            self.client, "GET", url, type=type, params=params, headers=self.psu, account=account
        )

    async def session(self) -> answers.Session:
        """The session; one that has ended is a ConsentEnded."""
        return await request_json(self.client, "GET", self.address, type=answers.Session)


async def pull(client: httpx.AsyncClient, wanted: Wanted, *, now: datetime) -> AsyncIterator[Batch]:
    """The accounts that answered, then the rows of each. Raises ProviderErrors."""
    reader = Reader(client, wanted, now)
    session = await reader.session()
    if wanted.present:
        reader = replace(reader, psu=await _psu_headers(reader, session))
    bank = session.aspsp
    found, troubles = await _accounts(reader, session)
    yield Batch(accounts=found, troubles=troubles)
    for account in found if "transactions" in wanted.what else ():
        yield await _rows_or_trouble(reader, account, f"{bank.country}:{bank.name}")


async def _accounts(
    reader: Reader, session: answers.Session
) -> tuple[list[records.AccountRecord], dict[str, ProviderError]]:
    """The accounts that answered. Several that share one number are told apart by their currencies."""
    found: list[records.AccountRecord] = []
    troubles: dict[str, ProviderError] = {}
    numbers = Counter(listed.identification_hash for listed in session.accounts_data)
    for listed in session.accounts_data:
        alone = numbers[listed.identification_hash] == 1
        try:
            account = await _account(reader, listed, session.aspsp.name, alone=alone)
            found.append(account if alone else replace(account, id=f"{account.id}:{account.currency}"))
        except ConsentEnded:
            raise
        except ProviderError as error:
            troubles[listed.identification_hash] = error
    return found, troubles


async def _rows_or_trouble(reader: Reader, account: records.AccountRecord, bank: str) -> Batch:
    try:
        return await _rows(reader, account, bank)
    except (ConsentEnded, StartAgain):
        raise
    except ProviderError as error:
        return Batch(troubles={account.id: error})


async def _psu_headers(reader: Reader, session: answers.Session) -> Mapping[str, str]:
    """The headers that say that the person is there: all that the bank wants, or none."""
    bank, present = session.aspsp, reader.wanted.present
    listed = await reader.get("/aspsps", answers.Banks, country=bank.country, psu_type=session.psu_type)
    wants = next((each.required_psu_headers for each in listed.aspsps if each.name == bank.name), None)
    names = {name.lower() for name in wants or USUAL}
    headers = {
        name: present[word] for name, word in PSU_HEADERS.items() if name in names and present.get(word)
    }
    return headers if headers.keys() == names else {}


async def _account(
    reader: Reader, listed: answers.SessionAccount, bank: str, *, alone: bool
) -> records.AccountRecord:
    path = f"/accounts/{quote(listed.uid, safe='')}"
    counted = listed.identification_hash if alone else listed.uid
    details = await reader.get(f"{path}/details", answers.Details, f"{counted} details")
    balances = await reader.get(f"{path}/balances", answers.Balances, f"{counted} balances")
    return reading.account(listed, details, balances.balances, bank, reader.now)


async def _rows(reader: Reader, account: records.AccountRecord, bank: str) -> Batch:
    """The rows of one account from the first day that the bank gives, and the window that they fill."""
    first = reader.wanted.first
    for days in (None, *SHORTER):
        if days is not None:
            first = max(first or date.min, reader.now.date() - timedelta(days=days))
        try:
            listed = await _pages(reader, account, first)
        except PeriodTooLong:
            if days == SHORTER[-1]:
                raise
        else:
            break
    rows, notices = reading.rows(listed, bank, reader.now.date())
    days_told = [row.date for row in rows]
    covers = []
    if reading.NO_DAY not in notices and (first is not None or rows):
        covers = [Cover(account.id, first or min(days_told), max([reader.wanted.last, *days_told]))]
    return Batch(rows={account.id: rows}, covers=covers, notices=notices + unknown_words(rows))


async def _pages(
    reader: Reader, account: records.AccountRecord, first: date | None
) -> list[answers.Transaction]:
    """All pages: an empty one may be followed by others. Raises StartAgain where a page's key is void."""
    params = {"date_from": first.isoformat()} if first else {"strategy": "longest"}
    path, keys = f"/accounts/{quote(account.handle, safe='')}/transactions", set[str]()
    listed: list[answers.Transaction] = []
    while True:
        try:
            counted = "" if keys else f"{account.id} transactions"
            page = await reader.get(path, answers.Transactions, counted, **params)
        except CursorVoid as error:
            raise StartAgain from error
        listed += page.transactions
        if not page.continuation_key:
            return listed
        if page.continuation_key in keys:
            raise StartAgain
        keys.add(page.continuation_key)
        params["continuation_key"] = page.continuation_key
