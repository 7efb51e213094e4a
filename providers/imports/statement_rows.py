"""Rows of a statement file as records: identities, corrections, and rows that a feed has brought already."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from django.db import connection as database

from providers.connectors.statement_files import StatementFilesConnector
from providers.errors import ProviderUnreadable
from providers.formats import Security, StatementTransaction
from providers.formats.statement import CASH_NEUTRAL
from providers.imports.models import RejectedRow
from providers.ledger.ingest import checks
from providers.ledger.ingest.transactions import withdrawn
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.money import plain_number
from providers.records import Details, Kind, SecurityRecord, TransactionRecord

PROVIDER = StatementFilesConnector.slug
PREFIX = "ofx:"  # separates rows of files from those of a feed in the same account
_TAIL = re.compile(r"~[0-9a-f]{12}(~[0-9]+)?$")  # what an identity has after its FITID


@dataclass(slots=True)
class Rows:
    """A statement's rows, sorted. Those that are neither `wanted` nor `rejected` are known already."""

    wanted: list[TransactionRecord] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


class RowSorter:
    """Sorts the rows of one statement, which may come in pieces."""

    def __init__(self, account: FinancialAccount) -> None:
        self.account = account
        self.withdrawn = withdrawn(account.id)
        self.recognised: Counter[tuple[date, Decimal]] = (
            Counter()
        )  # rows of a feed that rows of the file were

    def sort(self, transactions: Sequence[StatementTransaction]) -> Rows:
        """Sort rows into wanted, removed and rejected. A correction must come with the rows it is about."""
        rows = Rows()
        records: list[TransactionRecord] = []
        for row in transactions:
            record = _record(self.account, row)
            try:
                checks.numbers(record.amount, record.quantity, record.price, record.fees)
                checks.currency(record.currency)
            except ProviderUnreadable:
                reason = "A number or a currency of this row is not one we can keep."
                rows.rejected.append({"line": row.line, "reason": reason})
            else:
                records.append(record)
        records = [record for record in records if record.id not in self.withdrawn]
        records = _corrected(self.account, transactions, records, rows)
        rows.wanted = self._unknown_to_feed(records)
        return rows

    def _unknown_to_feed(self, records: Sequence[TransactionRecord]) -> list[TransactionRecord]:
        """In an account that a provider feeds, leave out what it has brought: same day, same amount, one for one."""
        if self.account.connection.provider == PROVIDER or not records:
            return list(records)
        days = [record.date for record in records]
        mine = Transaction.objects.filter(account_id=self.account.id, date__range=(min(days), max(days)))
        brought = mine.exclude(provider_transaction_id__startswith=PREFIX).values_list("date", "amount")
        left = Counter(brought)
        left.subtract(self.recognised)
        ours = set(
            mine.filter(provider_transaction_id__startswith=PREFIX).values_list(
                "provider_transaction_id", flat=True
            )
        )
        unknown = []
        for record in records:
            key = (record.date, record.amount)
            if record.id in ours or left[key] <= 0:
                unknown.append(record)
            else:
                left[key] -= 1
                self.recognised[key] += 1
        return unknown


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
    gross = None
    converted = row.original_currency or (row.currency or currency) != currency
    if row.kind in CASH_NEUTRAL and row.amount != row.cash_effect:
        # A file writes what was reinvested as a cost; it is the income that paid for it.
        gross = row.amount.copy_negate() if row.kind is Kind.REINVESTMENT else row.amount
    told = {
        "check_number": row.check_number,
        "reference": row.reference,
        "original_currency": row.original_currency,
        "original_amount": plain_number(row.original_amount),
        "exchange_rate": plain_number(row.exchange_rate) if converted else None,
        "gross_amount": plain_number(gross),
        "taxes": plain_number(row.taxes),
        "split": ":".join(plain_number(number) for number in row.split) if row.split else None,
        "settled_on": row.settled_on.isoformat() if row.settled_on else None,
        "sub_account": row.sub_account,
    }
    return cast("Details", {name: text for name, text in told.items() if text}) or None


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
SELECT provider_transaction_id, replaced_id FROM providers_transaction
WHERE account_id = %(account)s AND provider_transaction_id = ANY(%(names)s)
UNION
SELECT provider_transaction_id, replaced_id FROM providers_transaction
WHERE account_id = %(account)s AND regexp_replace(provider_transaction_id, %(tail)s, '') = ANY(%(fitids)s)
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
