"""Taking an import back: in one transaction, and nothing that another file or a provider has brought too."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import AuditEvent, User
from dashtam.errors import NotFound
from providers.imports.errors import ImportNotTraced, ImportUnderWay
from providers.imports.models import FileImport
from providers.imports.periods import periods_of
from providers.imports.provenance import BALANCE, ImportedRows, ImportedState
from providers.imports.statement_rows import PROVIDER
from providers.ledger.ingest.history import rebuild_history
from providers.ledger.ingest.holdings import apply_holdings
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction, WithdrawnTransaction
from providers.records import HoldingsRecord

# What of a row its file says; the rest is ours or its person's.
_STATED = (
    *("provider_transaction_id", "date", "posted_at", "status", "amount", "currency", "description", "kind"),
    *("source_code", "security_id", "quantity", "price", "fees", "details", "replaced_id"),
)
# The rows that only this import has. Ids begin with `ofx:`, so that no row of a provider is among them.
_ONLY_HERE = """
SELECT t.id FROM providers_transaction t JOIN (
    SELECT piece.account_id, name FROM providers_importedrows piece, unnest(piece.names) AS name
    WHERE piece.file_import_id = %(file)s
    EXCEPT
    SELECT piece.account_id, name FROM providers_importedrows piece, unnest(piece.names) AS name
    WHERE piece.account_id = ANY(%(accounts)s) AND piece.file_import_id IS DISTINCT FROM %(file)s
) AS mine ON t.account_id = mine.account_id AND t.provider_transaction_id = mine.name
"""
_ROWS_HERE = (
    "SELECT coalesce(sum(cardinality(names)), 0) FROM providers_importedrows WHERE file_import_id = %(file)s"
)
_CLAIMED = """
SELECT DISTINCT name FROM providers_importedrows piece, unnest(piece.names) AS name
WHERE piece.account_id = %(account)s AND piece.file_import_id IS DISTINCT FROM %(file)s AND name = ANY(%(names)s)
"""


@dataclass(frozen=True, slots=True)
class Undoing:
    """The rows that go, those of them with a person's own words, those that stay, and accounts left empty."""

    going: int
    noted: int
    staying: int
    accounts: tuple[UUID, ...]
    left_empty: tuple[UUID, ...]


def undoing(user_id: UUID, import_id: UUID) -> Undoing:
    """The effect of taking the import back. Raises NotFound, ImportUnderWay and ImportNotTraced."""
    file = _undoable(FileImport.objects.all(), user_id, import_id)
    accounts = _accounts(file)
    with database.cursor() as cursor:
        cursor.execute(_ROWS_HERE, {"file": file.id})
        named = int(cursor.fetchone()[0])
    restored = [row.id for account_id in accounts for row in _rows_before(file, account_id)]
    going = Transaction.objects.filter(id__in=_only_here(file, accounts)).exclude(id__in=restored)
    count = going.count()
    noted = going.exclude(note="", feed_category=None).count()
    return Undoing(count, noted, max(named - count, 0), tuple(accounts), tuple(_left_empty(file, accounts)))


@transaction.atomic
def take_back(user_id: UUID, import_id: UUID, *, with_accounts: bool) -> Undoing:
    """Take an import back, and forget it. With `with_accounts` the accounts that only it fed go too.

    Raises NotFound, ImportUnderWay and ImportNotTraced.
    """
    User.objects.select_for_update(no_key=True).get(id=user_id)  # no other file begins to land meanwhile
    file = _undoable(FileImport.objects.select_for_update(), user_id, import_id)
    landing = FileImport.objects.filter(
        user_id=user_id, state=FileImport.State.RUNNING, lease_until__gte=Now()
    )
    if landing.exists():
        raise ImportUnderWay
    effect = undoing(user_id, import_id)
    held = FinancialAccount.objects.select_for_update(no_key=True).select_related("connection").order_by("id")
    for account in held.filter(id__in=effect.accounts):
        _restore_rows(_rows_before(file, account.id))
        _take_back_states(file, account)
    Transaction.objects.filter(id__in=_only_here(file, effect.accounts)).delete()
    file.delete()
    _work_out_again(effect.accounts)
    FinancialAccount.objects.filter(id__in=effect.accounts).update(balances_version=F("balances_version") + 1)
    for account_id in effect.left_empty if with_accounts else ():
        FinancialAccount.objects.delete_whole(user_id=user_id, id=account_id)
    AuditEvent.objects.record("import.taken_back", user_id=user_id, import_id=str(import_id))
    return effect


def _work_out_again(accounts: Collection[UUID]) -> None:
    """Balances that are worked out from the rows of files, now that some have gone."""
    for account in FinancialAccount.objects.filter(id__in=accounts, connection__provider=PROVIDER):
        rebuild_history(account.id, periods_of(account))


def _undoable(files: Any, user_id: UUID, import_id: UUID) -> FileImport:
    file: FileImport | None = files.filter(user_id=user_id, id=import_id).first()
    if file is None:
        raise NotFound
    if file.state == FileImport.State.RUNNING:
        raise ImportUnderWay
    if not file.undoable:
        raise ImportNotTraced
    return file


def _accounts(file: FileImport) -> list[UUID]:
    ids = {
        *file.pieces.values_list("account_id", flat=True),
        *file.states.values_list("account_id", flat=True),
    }
    return sorted(ids)


def _only_here(file: FileImport, accounts: Collection[UUID]) -> list[UUID]:
    with database.cursor() as cursor:
        cursor.execute(_ONLY_HERE, {"file": file.id, "accounts": list(accounts)})
        return [row_id for (row_id,) in cursor.fetchall()]


def _left_empty(file: FileImport, accounts: Collection[UUID]) -> list[UUID]:
    """The accounts made of files that no other import has brought anything to."""
    others = ImportedRows.objects.filter(account_id__in=accounts).exclude(file_import_id=file.id)
    fed = set(others.values_list("account_id", flat=True))
    states = ImportedState.objects.filter(account_id__in=accounts).exclude(file_import_id=file.id)
    fed |= set(states.values_list("account_id", flat=True))
    mine = FinancialAccount.objects.filter(id__in=accounts, connection__provider=PROVIDER).exclude(id__in=fed)
    return list(mine.order_by("id").values_list("id", flat=True))


def _rows_before(file: FileImport, account_id: UUID) -> list[Transaction]:
    """The rows that this import changed or removed, as they were, where another file has them in that form.

    A row of a provider is not among them: its next update tells how it is.
    """
    images: dict[str, dict[str, Any]] = {}
    for piece in file.pieces.filter(account_id=account_id).order_by("id"):
        for image in piece.before:
            images.setdefault(image["id"], image)  # the first is from before this import
    names = [image["provider_transaction_id"] for image in images.values()]
    if not names:
        return []
    with database.cursor() as cursor:
        cursor.execute(_CLAIMED, {"account": account_id, "file": file.id, "names": names})
        claimed = {name for (name,) in cursor.fetchall()}
    return [_row(image) for image in images.values() if image["provider_transaction_id"] in claimed]


def _restore_rows(rows: Sequence[Transaction]) -> None:
    """Give the rows back the form they had; ids and their person's own words stay."""
    held = {row.id: row for row in Transaction.objects.filter(id__in=[row.id for row in rows])}
    for row in rows:
        if row.id in held:
            _set_back(held[row.id], row)
    Transaction.objects.bulk_update(held.values(), [*_STATED, "category", "feed_category"], batch_size=500)
    gone = [row for row in rows if row.id not in held]
    for row in gone:
        WithdrawnTransaction.objects.filter(
            account_id=row.account_id, provider_transaction_id=row.provider_transaction_id
        ).delete()
    Transaction.objects.bulk_create(gone, batch_size=500)


def _row(image: dict[str, Any]) -> Transaction:
    fields = {field.attname: field for field in Transaction._meta.concrete_fields}
    return Transaction(**{name: fields[name].to_python(image[name]) for name in fields if name in image})


def _set_back(row: Transaction, before: Transaction) -> None:
    for name in _STATED:
        setattr(row, name, getattr(before, name))
    fed = before.category if before.feed_category is None else before.feed_category
    if row.feed_category is None:
        row.category = fed
    else:
        row.feed_category = fed


def _take_back_states(file: FileImport, account: FinancialAccount) -> None:
    others = ImportedState.objects.filter(account=account).exclude(file_import=file)
    for mine in file.states.filter(account=account):
        if mine.holdings is not None:
            _take_back_holdings(mine, account, others.exclude(holdings__isnull=True).last())
        if mine.date is not None:
            _take_back_balance(mine, mine.date, others.filter(date=mine.date))
    if account.balance_fetched_at in file.states.filter(account=account).values_list("fetched_at", flat=True):
        _latest_balance(account)


def _take_back_holdings(mine: ImportedState, account: FinancialAccount, next_: ImportedState | None) -> None:
    """Have the account hold what the latest of the other files says; without one, nothing is known."""
    if account.holdings.exclude(fetched_at=mine.fetched_at).exists():
        return  # newer, or a provider's
    if next_ is not None and (next_.as_of, next_.fetched_at) > (mine.as_of, mine.fetched_at):
        return
    account.holdings.all().delete()
    account.holdings_as_of = None
    account.save(update_fields=["holdings_as_of"])
    if next_ is not None:
        record = msgspec.convert(next_.holdings, HoldingsRecord)
        apply_holdings(account, record, next_.fetched_at, provider=PROVIDER)


def _take_back_balance(mine: ImportedState, day: date, others: Any) -> None:
    """Have the day show what the latest of the other files says of it, or what was there before any file."""
    heir = others.last()
    if heir is not None and heir.before is None and mine.before is not None:
        heir.before = mine.before
        heir.save(update_fields=["before"])
    days = BalanceSnapshot.objects.filter(account_id=mine.account_id, date=day)
    shown = days.filter(fetched_at=mine.fetched_at)
    if heir is not None:
        shown.update(**heir.balance)
    elif mine.before is not None:
        shown.update(**mine.before)
    else:
        shown.delete()


def _latest_balance(account: FinancialAccount) -> None:
    """Set the account's balance to the latest one known; without one it is unknown."""
    latest = BalanceSnapshot.objects.filter(account=account, derived=False).order_by("-as_of").first()
    fields = {field.name: field for field in FinancialAccount._meta.concrete_fields}
    known = {f"balance_{name}": name for name in (*BALANCE, "date") if f"balance_{name}" in fields}
    for column, name in known.items():
        setattr(account, column, fields[column].get_default() if latest is None else getattr(latest, name))
    account.save(update_fields=list(known))
