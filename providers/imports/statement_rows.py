"""Rows of a statement file as records: identities, corrections, and rows that a feed has brought already."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from uuid import UUID

from django.db.models import Q

from providers.connectors.statement_files import StatementFilesConnector
from providers.errors import ProviderUnreadable
from providers.formats import Security, Statement, StatementTransaction
from providers.imports.models import RejectedRow
from providers.ledger.ingest import checks
from providers.ledger.ingest.transactions import withdrawn
from providers.ledger.models import FinancialAccount, Transaction
from providers.records import SecurityRecord, TransactionRecord

PROVIDER = StatementFilesConnector.slug
PREFIX = "ofx:"  # separates rows of files from those of a feed in the same account
_TAIL = re.compile(r"~[0-9a-f]{12}(~\d+)?")


@dataclass(slots=True)
class Rows:
    """A statement's rows, sorted. Those that are neither `wanted` nor `rejected` are known already."""

    wanted: list[TransactionRecord] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


def read_rows(account: FinancialAccount, statement: Statement) -> Rows:
    """Sort the rows of a statement into wanted, removed and rejected."""
    rows = Rows()
    read = [(row, _record(account, row)) for row in statement.transactions]
    records: list[TransactionRecord] = []
    for row, record in read:
        try:
            checks.numbers(record.amount, record.quantity, record.price, record.fees)
            checks.currency(record.currency)
        except ProviderUnreadable:
            reason = "A number or a currency of this row is not one we can keep."
            rows.rejected.append({"line": row.line, "reason": reason})
        else:
            records.append(record)
    taken_back = withdrawn(account.id)
    records = [record for record in records if record.id not in taken_back]
    records = _corrected(account, statement, records, rows)
    rows.wanted = _unknown_to_feed(account, records)
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
    name = PREFIX + row.identity
    return name if len(name) <= 255 else f"{PREFIX}{sha256(name.encode()).hexdigest()}"


def _record(account: FinancialAccount, row: StatementTransaction) -> TransactionRecord:
    return TransactionRecord(
        id=row_id(row),
        date=row.date,
        posted_at=row.posted_at,
        status="posted",
        amount=row.cash_effect,
        currency=row.currency or account.currency,
        description=row.description,
        kind=row.kind.value,
        source_code=row.source_code,
        security_id=security_id(account.user_id, row.security) if row.security else None,
        quantity=row.quantity,
        price=row.price,
        fees=row.fees,
    )


def _corrected(
    account: FinancialAccount, statement: Statement, records: list[TransactionRecord], rows: Rows
) -> list[TransactionRecord]:
    """Carry out CORRECTFITID (OFX 2.2 §11.4.4.1): a row that replaces or deletes one sent earlier."""
    corrections = {row_id(row): row for row in statement.transactions if row.correct_fitid}
    if not corrections:
        return records
    held = _held(account, corrections)
    in_file = [record.id for record in records]
    dropped: set[str] = set()
    for name, row in corrections.items():
        targets = [
            other
            for other in (*held, *in_file)
            if other != name and _has_fitid(other, row.correct_fitid or "")
        ]
        dropped.update(target for target in targets if target in in_file)
        if row.correct_action == "DELETE":
            dropped.add(name)
            rows.removed += [target for target in targets if target in held]
        else:
            heir_of = targets[0] if targets else held.get(name, "")
            records = [replace(r, replaced_pending_id=heir_of) if r.id == name else r for r in records]
    return [record for record in records if record.id not in dropped]


def _held(account: FinancialAccount, corrections: dict[str, StatementTransaction]) -> dict[str, str]:
    """The stored rows that corrections name, and the corrections themselves, each with the id it replaced."""
    wanted = Q(provider_transaction_id__in=corrections)
    for row in corrections.values():
        wanted |= Q(provider_transaction_id__startswith=f"{PREFIX}{row.correct_fitid}~")
    found = Transaction.objects.filter(wanted, account_id=account.id)
    return dict(found.values_list("provider_transaction_id", "replaced_id"))


def _has_fitid(name: str, fitid: str) -> bool:
    start = PREFIX + fitid
    return name.startswith(start) and _TAIL.fullmatch(name, len(start)) is not None


def _unknown_to_feed(
    account: FinancialAccount, records: Sequence[TransactionRecord]
) -> list[TransactionRecord]:
    """In an account that a provider feeds, leave out what it has brought: same day, same amount, one for one."""
    if account.connection.provider == PROVIDER or not records:
        return list(records)
    days = [record.date for record in records]
    mine = Transaction.objects.filter(account_id=account.id, date__range=(min(days), max(days)))
    brought = mine.exclude(provider_transaction_id__startswith=PREFIX).values_list("date", "amount")
    left = Counter(brought)
    ours = set(
        mine.filter(provider_transaction_id__startswith=PREFIX).values_list(
            "provider_transaction_id", flat=True
        )
    )
    unknown = []
    for record in records:
        key = (record.date, record.amount)
        if record.id in ours or not left[key]:
            unknown.append(record)
        else:
            left[key] -= 1
    return unknown
