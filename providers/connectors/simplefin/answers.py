"""An account set of SimpleFIN to records: pure, exact, and as far as each part of it can be read."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from providers.connectors.simplefin.holdings import holdings
from providers.connectors.simplefin.types import type_of, unit_of
from providers.connectors.simplefin.values import Misread, mapping, moment, money, needed, objects, text
from providers.errors import ProviderUnreadable
from providers.records import AccountRecord, Details, HoldingsRecord, Kind, TransactionRecord

LONGEST_ID = 200
WAITING = (True, 1, "1", "true")
_NUMBER = re.compile(r"(?:[(•*#.…-]|\bx+|\bending in )\s*(\d{4})\)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bank:
    """The institution behind an account: `id` is the connection's in v2, the organization's in v1."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """One account, its rows, its holdings where it has any, and how many rows could not be read, by reason."""

    account: AccountRecord
    bank: Bank
    raw_id: str
    rows: Sequence[TransactionRecord]
    holdings: HoldingsRecord | None
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class AccountSet:
    """The accounts that could be read, and bank and reason of each that could not."""

    found: Sequence[Found]
    refused: Sequence[tuple[Bank, str]]
    banks: Mapping[str, Bank]


def account_set(answer: Mapping[str, Any], now: datetime) -> AccountSet:
    """The accounts of an answer. Raises ProviderUnreadable for what is no account set."""
    listed = answer.get("accounts")
    if listed is None and any(objects(answer.get(name)) for name in ("errlist", "errors")):
        listed = []  # an answer of errors alone
    if not isinstance(listed, list):
        raise ProviderUnreadable
    banks = _banks(answer)
    plain = Counter(item.get("id") for item in map(mapping, listed) if isinstance(item.get("id"), str))
    found, refused = [], []
    for item in map(mapping, listed):
        bank = _bank(item, banks)
        try:
            found.append(_account(item, bank, now, alone=plain[item.get("id")] == 1))
        except Misread as problem:
            refused.append((bank, str(problem)))
    return AccountSet(found, refused, banks)


def _banks(answer: Mapping[str, Any]) -> dict[str, Bank]:
    listed = (mapping(item) for item in objects(answer.get("connections")))
    return {
        conn: Bank(conn, text(item, "name", "org_name", "org_url") or conn)
        for item in listed
        if (conn := text(item, "conn_id", longest=LONGEST_ID))
    }


def _bank(item: Mapping[str, Any], banks: Mapping[str, Bank]) -> Bank:
    if conn := text(item, "conn_id", longest=LONGEST_ID):
        return banks.get(conn) or Bank(conn, text(item, "conn_name") or conn)
    org = mapping(item.get("org"))
    own = text(org, "domain", "id", "name", "sfin-url", longest=LONGEST_ID)
    return Bank(own, text(org, "name", "domain", "url") or own)


def _account(item: Mapping[str, Any], bank: Bank, now: datetime, *, alone: bool) -> Found:
    raw = _id(item)
    key = f"{bank.id}/{raw}" if bank.id else raw
    if len(key) > LONGEST_ID:
        raise Misread("id")
    currency = unit_of(item.get("currency"))
    name = text(item, "name", longest=200) or bank.name
    held = holdings(item, currency, now)
    type_, subtype = type_of(name, invests=bool(held and held.holdings))
    balance_at = moment(item, "balance-date")
    account = AccountRecord(
        id=key,
        name=name,
        mask=_mask(name),
        type=type_,
        subtype=subtype,
        currency=currency,
        current=needed(item, "balance"),
        available=money(item, "available-balance"),
        limit=None,
        as_of=balance_at or now,
        handle=raw,
        aliases=(raw,) if alone and raw != key else (),
        institution=bank.name,
    )
    refused = Counter[str]()
    rows = []
    for row in objects(item.get("transactions")):
        try:
            rows.append(_transaction(mapping(row), currency, balance_at or now))
        except Misread as problem:
            refused[str(problem)] += 1
    return Found(account, bank, raw, rows, held if type_ == "investment" else None, refused)


def _mask(name: str) -> str:
    """The end of the number, where a bank writes it at the end of the name: `Checking (1234)`, `Card x1234`."""
    found = _NUMBER.search(name)
    return found[1] if found else ""


def _id(item: Mapping[str, Any]) -> str:
    value = item.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # an old server writes numbers
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or "\0" in value:
        raise Misread("id")
    return value


def _transaction(row: Mapping[str, Any], currency: str, seen: datetime) -> TransactionRecord:
    """A row; pending while its server says so, or while it has no time of posting."""
    posted, happened = moment(row, "posted"), moment(row, "transacted_at")
    pending = row.get("pending") in WAITING or posted is None
    day = ((happened or posted or seen) if pending else posted or seen).date()
    return TransactionRecord(
        id=_id(row),
        date=day,
        posted_at=None if pending else posted,
        status="pending" if pending else "posted",
        amount=needed(row, "amount"),
        currency=currency,
        description=text(row, "description", "payee", "memo"),
        kind=str(Kind.UNKNOWN),
        category=text(mapping(row.get("extra")), "category", longest=80),
        details=_details(row) or None,
    )


def _details(row: Mapping[str, Any]) -> Details:
    details: Details = {}
    if payee := text(row, "payee", longest=200):
        details["counterparty"] = payee
    mcc = row.get("mcc")
    if isinstance(mcc, str) and mcc.isdecimal() and len(mcc) == 4:
        details["merchant_code"] = mcc
    return details


def midnight(day: Any) -> int:
    """The first second of a day in UTC, as SimpleFIN's times are written."""
    return int(datetime.combine(day, time.min, UTC).timestamp())
