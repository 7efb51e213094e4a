"""Rows of a statement file as records: ids, corrections, and rows that corrections took back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from django.db import connection as database

from providers.connectors.statement_files import StatementFilesConnector
from providers.errors import ProviderUnreadable
from providers.formats import Security, StatementTransaction
from providers.formats.statement import CASH_NEUTRAL
from providers.imports.arriving.told import RejectedRow
from providers.ledger.identity.records import Grade
from providers.ledger.models import FinancialAccount
from providers.ledger.money import plain_number
from providers.ledger.observations.statements import Observer, cleaned
from providers.records import Details, Kind, SecurityRecord, TransactionRecord

PROVIDER = StatementFilesConnector.slug
PREFIX = "ofx:"  # separates rows of files from those of a feed in the same account
_TAIL = re.compile(r"~[0-9a-f]{12}(~[0-9]+)?$")  # what an identity has after its FITID


_WITH_IDS = ("ofx", "camt")  # formats whose institutions name their rows
_RECALLED = """
SELECT o.row_id FROM providers_observation o JOIN providers_source s ON s.id = o.source_id
WHERE s.account_id = %(account)s AND s.kind = 'file' AND o.state = 2 AND o.row_id <> ''
  AND NOT EXISTS (
    SELECT FROM providers_observation l
    WHERE l.source_id = o.source_id AND l.row_id = o.row_id AND l.row_id <> '' AND l.state = 0
  )
UNION SELECT provider_transaction_id FROM providers_withdrawntransaction WHERE account_id = %(account)s
"""


@dataclass(slots=True)
class Rows:
    """A statement's rows, sorted. `recalled` ones were taken back by a correction, and stay away."""

    wanted: list[TransactionRecord] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    recalled: list[TransactionRecord] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


def observer_of(format: str) -> Observer:
    """The files of one format, as an observer of the accounts that they are of."""
    name = format.rstrip("0123456789")
    return Observer("file", name, PROVIDER, Grade.STABLE if name.startswith(_WITH_IDS) else Grade.NONE)


def grade_of(format: str, transactions: Sequence[StatementTransaction]) -> Grade:
    """The worth of the rows' ids: without one of the institution's own, an id is made of the row's content.

    A file of OFX that leaves one out has broken its rules once; institutions that write CAMT may do as they like.
    """
    named = [bool(row.fitid) for row in transactions]
    return Grade.STABLE if all(named) or (any(named) and format.startswith("ofx")) else Grade.NONE


class RowSorter:
    """Sorts the rows of one statement."""

    def __init__(self, account: FinancialAccount) -> None:
        self.account = account
        with database.cursor() as cursor:
            cursor.execute(_RECALLED, {"account": account.id})
            self.recalled = {name for (name,) in cursor.fetchall()}

    def sort(self, transactions: Sequence[StatementTransaction]) -> Rows:
        """Sort all rows of the statement: a correction may be about any."""
        rows = Rows()
        records: list[TransactionRecord] = []
        for row in transactions:
            try:
                record = cleaned(_record(self.account, row))
            except ProviderUnreadable:
                reason = "A number or a currency of this row is not one we can keep."
                rows.rejected.append({"line": row.line, "reason": reason})
            else:
                (rows.recalled if record.id in self.recalled else records).append(record)
        rows.wanted = _corrected(self.account, transactions, records, rows)
        return rows


def security_id(user_id: UUID, security: Security) -> str:
    """A security id with the person in it: a file's description must not show in another person's account."""
    return f"{user_id.hex}:{security.id_type}:{security.unique_id}"[:200]


def security_record(user_id: UUID, security: Security, currency: str) -> SecurityRecord:
    """A security as the file describes it."""
    return SecurityRecord(
        id=security_id(user_id, security),
        symbol=security.symbol or "",
        name=security.name or security.symbol or security.unique_id,
        type=security.type or "",
        cusip=security.cusip or "",
        isin=security.isin or "",
        currency=currency,
    )


def row_id(row: StatementTransaction) -> str:
    """The row's identity, as a column can hold it."""
    return stored_id(row.identity)


def stored_id(identity: str) -> str:
    """An identity of a file's row, as a column can hold it."""
    name = PREFIX + identity
    return name if len(name) <= 255 else f"{PREFIX}{sha256(name.encode()).hexdigest()}"


def _record(account: FinancialAccount, row: StatementTransaction) -> TransactionRecord:
    return TransactionRecord(
        id=row_id(row),
        date=row.date,
        posted_at=row.posted_at,
        status=row.status,
        amount=row.cash_effect,
        currency=row.currency or account.currency,
        description=row.description,
        kind=row.kind.value,
        source_code=row.source_code,
        security_id=security_id(account.user_id, row.security) if row.security else None,
        quantity=row.quantity,
        price=row.price,
        fees=row.fees,
        category=row.category,
        details=_details(row, account.currency),
    )


def _details(row: StatementTransaction, currency: str) -> Details | None:
    """The further facts of a row; None if it has none."""
    told = Details()
    if row.check_number:
        told["check_number"] = row.check_number
    if row.reference:
        told["reference"] = row.reference
    if row.settled_on:
        told["settled_on"] = row.settled_on.isoformat()
    if row.sub_account:
        told["sub_account"] = row.sub_account
    rare = row.original_currency or row.taxes is not None or row.split or row.kind in CASH_NEUTRAL
    if rare or (row.currency or currency) != currency:
        told.update(_rare(row, currency))
    return told or None


def _rare(row: StatementTransaction, currency: str) -> Details:
    """The facts of rows in other currencies, and of those about securities."""
    gross = None
    converted = row.original_currency or (row.currency or currency) != currency
    if row.kind in CASH_NEUTRAL and row.amount != row.cash_effect:
        # A file writes what was reinvested as a cost; it is the income that paid for it.
        gross = row.amount.copy_negate() if row.kind is Kind.REINVESTMENT else row.amount
    told = {
        "original_currency": row.original_currency,
        "original_amount": plain_number(row.original_amount),
        "exchange_rate": plain_number(row.exchange_rate) if converted else None,
        "gross_amount": plain_number(gross),
        "taxes": plain_number(row.taxes),
        "split": ":".join(plain_number(number) for number in row.split) if row.split else None,
    }
    return cast("Details", {name: text for name, text in told.items() if text})


def _corrected(
    account: FinancialAccount,
    transactions: Sequence[StatementTransaction],
    records: list[TransactionRecord],
    rows: Rows,
) -> list[TransactionRecord]:
    """Carry out CORRECTFITID (OFX 2.2 §11.4.4.1): a row that replaces or deletes one sent earlier."""
    corrections = {row_id(row): row for row in transactions if row.correct_fitid}
    if not corrections:
        return records
    held = _held(account, corrections)
    by_fitid: dict[str, list[str]] = {}
    in_file = {record.id for record in records}
    for name in [*held, *(record.id for record in records)]:
        by_fitid.setdefault(_TAIL.sub("", name), []).append(name)
    dropped: set[str] = set()
    heirs: dict[str, str] = {}
    for name, row in corrections.items():
        named = by_fitid.get(f"{PREFIX}{row.correct_fitid}", ())
        targets = [other for other in named if other != name]
        dropped.update(target for target in targets if target in in_file)
        if row.correct_action == "DELETE":
            dropped.add(name)
            rows.removed += [target for target in targets if target in held]
        else:
            heirs[name] = targets[0] if targets else held.get(name, "")
    return [
        replace(record, replaced_pending_id=heirs[record.id]) if record.id in heirs else record
        for record in records
        if record.id not in dropped
    ]


_HELD = """
SELECT o.row_id, o.replaces FROM providers_observation o JOIN providers_source s ON s.id = o.source_id
WHERE s.account_id = %(account)s AND s.kind = 'file' AND o.state = 0
  AND (o.row_id = ANY(%(names)s) OR regexp_replace(o.row_id, %(tail)s, '') = ANY(%(fitids)s))
"""


def _held(account: FinancialAccount, corrections: dict[str, StatementTransaction]) -> dict[str, str]:
    """The stored rows that corrections name, and the corrections themselves, each with the id it replaced."""
    fitids = [f"{PREFIX}{row.correct_fitid}" for row in corrections.values()]
    arguments: dict[str, Any] = {
        "account": account.id,
        "names": list(corrections),
        "fitids": fitids,
        "tail": _TAIL.pattern,
    }
    with database.cursor() as cursor:
        cursor.execute(_HELD, arguments)
        return dict(cursor.fetchall())
