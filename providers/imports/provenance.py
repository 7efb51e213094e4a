"""Provenance of imported files: ids of their rows, the rows they changed as they were, balances and holdings.

All of it can be taken back with the import (`providers/imports/undo.py`). A row belongs to every file that has it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import connection as database
from django.db import models

from providers.imports.models import FileImport
from providers.ledger.ingest.accounts import day_of
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.records import AccountRecord, HoldingsRecord, TransactionRecord

# The columns of a balance, as snapshots have them; an account has them too, after `balance_`.
BALANCE = tuple(
    field.name
    for field in BalanceSnapshot._meta.concrete_fields
    if field.name not in {"id", "account", "date"}
)

# The rows that a piece may change are kept as they are, and afterwards forgotten where they did not change.
_KEEP = """
INSERT INTO providers_importedrows (file_import_id, account_id, names, before)
SELECT %(file)s, %(account)s, %(names)s, coalesce(jsonb_agg(to_jsonb(t)), '[]'::jsonb)
FROM providers_transaction t WHERE t.account_id = %(account)s AND t.provider_transaction_id = ANY(%(touched)s)
RETURNING id, before <> '[]'::jsonb
"""
_CHANGED = """
UPDATE providers_importedrows piece SET before = (
    SELECT coalesce(jsonb_agg(old.row), '[]'::jsonb) FROM jsonb_array_elements(piece.before) AS old (row)
    WHERE old.row NOT IN (
        SELECT to_jsonb(t) FROM providers_transaction t
        WHERE t.account_id = %(account)s AND t.provider_transaction_id = ANY(%(touched)s)
    )
) WHERE piece.id = %(piece)s
"""


class ExactDecoder(json.JSONDecoder):
    """Reads numbers as decimals, digit by digit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"parse_float": Decimal, "parse_int": Decimal})


class ImportedRows(models.Model):
    """A piece of a file: the ids of its rows in one account, and the rows it changed as they were before.

    Without an import: the rows that files had brought before this was written down.
    """

    id = models.BigAutoField(primary_key=True)
    file_import = models.ForeignKey(FileImport, null=True, on_delete=models.CASCADE, related_name="pieces")
    account = models.ForeignKey(FinancialAccount, on_delete=models.CASCADE, related_name="+")
    names = ArrayField(models.TextField(), help_text="The rows' provider_transaction_id.")
    before = models.JSONField(default=list, decoder=ExactDecoder)

    objects: ClassVar[models.Manager["ImportedRows"]] = models.Manager()

    def __str__(self) -> str:
        return f"rows of import {self.file_import_id}"


class ImportedState(models.Model):
    """The balance and holdings that a file stated of one account; `fetched_at` marks them where they were stored."""

    id = models.BigAutoField(primary_key=True)
    file_import = models.ForeignKey(FileImport, on_delete=models.CASCADE, related_name="states")
    account = models.ForeignKey(FinancialAccount, on_delete=models.CASCADE, related_name="+")
    as_of = models.DateTimeField()
    fetched_at = models.DateTimeField()
    date = models.DateField(null=True, help_text="The day of the balance, if the file states one.")
    balance = models.JSONField(null=True, help_text="The columns of its snapshot.")
    before = models.JSONField(
        null=True, help_text="The balance of that day before, if no file had stated it."
    )
    holdings = models.JSONField(null=True, help_text="The list that the file states: a HoldingsRecord.")

    objects: ClassVar[models.Manager["ImportedState"]] = models.Manager()

    class Meta:
        ordering = ("as_of", "fetched_at")

    def __str__(self) -> str:
        return f"state of import {self.file_import_id}"


class Provenance:
    """Writes down what one statement of a file brings to its account, in the transaction that stores it."""

    def __init__(self, import_id: UUID, account: FinancialAccount) -> None:
        self.import_id = import_id
        self.account = account

    @contextmanager
    def rows(self, rows: Sequence[TransactionRecord], removed: Sequence[str]) -> Iterator[None]:
        """Around the storing of some rows."""
        if not rows and not removed:
            yield
            return
        names = [row.id for row in rows]
        replaced = [row.replaced_pending_id for row in rows if row.replaced_pending_id]
        given: dict[str, Any] = {
            "file": self.import_id,
            "account": self.account.id,
            "names": names,
            "touched": [*names, *replaced, *removed],
        }
        with database.cursor() as cursor:
            cursor.execute(_KEEP, given)
            piece, known = cursor.fetchone()
        yield
        if known:
            with database.cursor() as cursor:
                cursor.execute(_CHANGED, given | {"piece": piece})

    def state(
        self,
        fetched_at: datetime,
        as_of: datetime,
        balance: AccountRecord | None,
        holdings: HoldingsRecord | None,
    ) -> None:
        """Before the balance and the holdings are stored."""
        if balance is None and holdings is None:
            return
        stated = ImportedState(
            file_import_id=self.import_id, account=self.account, as_of=as_of, fetched_at=fetched_at
        )
        if balance is not None and balance.current is not None:
            stated.date = day_of(balance)
            told = {name: getattr(balance, name) for name in BALANCE if hasattr(balance, name)}
            stated.balance = _texts(told | {"fetched_at": fetched_at})
            stated.before = self._balance_before(stated.date)
        if holdings is not None:
            stated.holdings = msgspec.to_builtins(holdings)
        stated.save(force_insert=True)

    def _balance_before(self, day: date) -> Any:
        """The snapshot of that day, unless a file wrote it."""
        held = BalanceSnapshot.objects.filter(account=self.account, date=day, derived=False).first()
        if held is None:
            return None
        mine = ImportedState.objects.filter(account=self.account, date=day, fetched_at=held.fetched_at)
        return None if mine.exists() else _texts({name: getattr(held, name) for name in BALANCE})


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    """Numbers and times as text: exact, and read back by the columns themselves."""
    return {
        name: str(value) if isinstance(value, (Decimal, datetime)) else value
        for name, value in columns.items()
    }
