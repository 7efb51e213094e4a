"""Writes transactions and keeps their identity over time, in a constant number of statements a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from django.db import DataError, connection, transaction
from django.utils import timezone

from dashtam.ids import uuid7
from dashtam.plain_text import may_hide
from providers.errors import ProviderUnreadable, SyncOvertaken
from providers.ledger.ingest import checks
from providers.ledger.ingest.sql import REMOVE, SECURITIES, TAKE_OVER, UPSERT
from providers.ledger.models import FinancialAccount, WithdrawnTransaction
from providers.records import Details, TransactionRecord, TransactionsPage


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of our rows a page added, changed and took away."""

    added: int = 0
    modified: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.added + other.added, self.modified + other.modified, self.removed + other.removed)


@transaction.atomic
def apply_transactions(account: FinancialAccount, page: TransactionsPage, expected_cursor: str) -> Counts:
    """Rows and cursor of one page, together.

    Raises SyncOvertaken when the account is no longer at `expected_cursor`: another run went on from
    there. Raises ProviderUnreadable for a page that contradicts itself; nothing of it is then kept.
    """
    here = FinancialAccount.objects.filter(id=account.id, transactions_cursor=expected_cursor)
    if not here.update(transactions_cursor=checks.opaque(page.next_cursor, 10_000)):
        raise SyncOvertaken()
    rows = _latest([*page.added, *page.modified])
    return upsert_transactions(account, rows, removed=page.removed)


@transaction.atomic
def upsert_transactions(
    account: FinancialAccount,
    rows: Sequence[TransactionRecord],
    *,
    removed: Sequence[str] = (),
    provider: str = "",
) -> Counts:
    """Bring rows to what the records say. Notes, and our ids, stay.

    A row that names the one it replaces takes over that one's id, note and place. `provider` is
    the namespace of the records' security ids, if not the account's own provider.
    """
    superseded = {row.replaced_pending_id for row in rows if row.replaced_pending_id}
    rows = [row for row in rows if row.id not in superseded]
    gone = [*superseded, *removed]
    checks.ids(gone, longest=255)
    added = modified = 0
    now = timezone.now()
    if rows:
        added, modified = _write(account, rows, provider or account.connection.provider, now)
    return Counts(added, modified, _remove(account, gone, now) if gone else 0)


def _latest(rows: Iterable[TransactionRecord]) -> list[TransactionRecord]:
    """Each id once. Raises ProviderUnreadable for a page with two versions of one row."""
    found: dict[str, TransactionRecord] = {}
    for row in rows:
        if found.setdefault(row.id, row) != row:
            raise ProviderUnreadable(code="contradictory_page")
    return list(found.values())


def _write(
    account: FinancialAccount, rows: Sequence[TransactionRecord], provider: str, now: datetime
) -> tuple[int, int]:
    _check(rows)
    arguments: dict[str, Any] = {
        "account": account.id,
        "user": account.user_id,
        "provider": provider,
        "now": now,
        "rows": _json(rows),
        "ids": sorted(uuid7() for _ in rows),  # in feed order, so that of one day the newest comes first
    }
    try:
        with connection.cursor() as cursor:
            _name_securities(cursor, provider, rows)
            if any(row.replaced_pending_id for row in rows):
                cursor.execute(TAKE_OVER, arguments)
            cursor.execute(UPSERT, arguments)
            added, modified = cursor.fetchone()
    except DataError as error:
        raise ProviderUnreadable(code="unstorable_value") from error
    return added, modified


def _name_securities(cursor: Any, provider: str, rows: Sequence[TransactionRecord]) -> None:
    """Create securities that rows refer to before the holdings describe them, named by their id."""
    currencies = {row.security_id: row.currency for row in rows if row.security_id}
    if not currencies:
        return
    checks.ids(currencies, longest=200)
    names = sorted(currencies)
    arguments = {"provider": provider, "names": names, "currencies": [currencies[name] for name in names]}
    cursor.execute(SECURITIES, arguments | {"ids": [uuid7() for _ in names]})


def _check(rows: Sequence[TransactionRecord]) -> None:
    checks.ids((row.id for row in rows), longest=255)
    for code in {row.currency for row in rows}:
        checks.currency(code)
    for row in rows:
        checks.numbers(row.amount, row.quantity, row.price, row.fees)


def _json(rows: Sequence[TransactionRecord]) -> str:
    try:
        encoded = msgspec.json.encode(rows).decode()
    except UnicodeEncodeError:  # a lone surrogate
        return msgspec.json.encode([_clean(row) for row in rows]).decode()
    return msgspec.json.encode([_clean(row) for row in rows]).decode() if may_hide(encoded) else encoded


def _clean(row: TransactionRecord) -> TransactionRecord:
    return replace(
        row,
        description=checks.text(row.description, 1000),
        kind=checks.text(row.kind, 32),
        source_code=checks.text(row.source_code, 64),
        category=checks.text(row.category, 80),
        details=_clean_details(row.details),
    )


def _clean_details(details: Details | None) -> Details | None:
    if details is None:
        return None
    texts = {name: checks.text(str(value), 255) for name, value in details.items()}
    return cast("Details", {name: text for name, text in texts.items() if text}) or None


def _remove(account: FinancialAccount, gone: Sequence[str], now: datetime) -> int:
    """Delete rows, keeping their ids and notes for WithdrawnTransaction.KEPT."""
    old = now - WithdrawnTransaction.KEPT
    with connection.cursor() as cursor:
        cursor.execute(REMOVE, {"account": account.id, "gone": list(gone), "now": now, "old": old})
        removed: int = cursor.fetchone()[0]
    return removed


def withdrawn(account_id: UUID) -> set[str]:
    """The provider's ids of withdrawn rows."""
    rows = WithdrawnTransaction.objects.filter(account_id=account_id)
    return set(rows.values_list("provider_transaction_id", flat=True))
