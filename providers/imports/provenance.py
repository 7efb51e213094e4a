"""Provenance of imported files: digests of what they said of rows, balances and holdings.

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
from django.db import models

from providers.imports.models import FileImport
from providers.imports.statement_rows import Rows
from providers.ledger import adoption
from providers.ledger.identity.records import State
from providers.ledger.ingest.accounts import day_of, end_of_day
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.ledger.observations.models import Observation
from providers.ledger.observations.statements import digest
from providers.records import AccountRecord, BalanceRecord, HoldingsRecord

# The columns of a balance, as snapshots have them; an account has them too, after `balance_`.
BALANCE = tuple(
    field.name
    for field in BalanceSnapshot._meta.concrete_fields
    if field.name not in {"id", "account", "date"}
)


class ExactDecoder(json.JSONDecoder):
    """Reads numbers as decimals, digit by digit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"parse_float": Decimal, "parse_int": Decimal})


class ImportedRows(models.Model):
    """A file's rows in one account: the digests by which observations of them are found.

    Pieces from before observations were kept have ids instead, and the rows they changed as they were; see
    `trace_of_before`. Without an import: the rows that files had brought before any of it was written down.
    """

    id = models.BigAutoField(primary_key=True)
    file_import = models.ForeignKey(FileImport, null=True, on_delete=models.CASCADE, related_name="pieces")
    account = models.ForeignKey(FinancialAccount, on_delete=models.CASCADE, related_name="+")
    names = ArrayField(models.TextField(), help_text="Of pieces from before: the rows' ids.")
    before = models.JSONField(default=list, decoder=ExactDecoder)
    said_hash = ArrayField(
        models.BinaryField(),
        null=True,
        help_text="Digests of the rows, as observations have them; empty for files of before.",
    )
    taken = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=models.Value("{}"),
        help_text="Observations that its corrections ended.",
    )

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
    def rows(self, rows: Rows) -> Iterator[list[bytes]]:
        """Around the landing of a statement's rows, whose digests it gives; all of them are cleaned.

        Those that were recalled belong to the file too.
        """
        trace_of_before(self.account)
        files = Observation.objects.filter(source__account=self.account, source__kind="file")
        named = files.filter(row_id__in=rows.removed, state=State.LIVE) if rows.removed else files.none()
        before = list(named.values_list("id", flat=True))
        digests = [digest(record) for record in rows.wanted]
        yield digests
        taken = files.filter(id__in=before, state=State.GONE).values_list("id", flat=True)
        said = sorted({*digests, *map(digest, rows.recalled)})
        if said or before:
            ImportedRows.objects.create(
                file_import_id=self.import_id,
                account=self.account,
                names=[],
                said_hash=said,
                taken=list(taken),
            )

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

    def days(self, fetched_at: datetime, balances: Sequence[BalanceRecord]) -> None:
        """Before balances of days before the last one are stored."""
        before = self._balances_before([record.date for record in balances])
        states = []
        for record in balances:
            as_of = end_of_day(record)
            told: dict[str, Any] = {
                "current": record.current,
                "available": record.available,
                "limit": None,
                "lacks": "",
            }
            told |= {"as_of": as_of, "fetched_at": fetched_at}
            stated = ImportedState(file_import_id=self.import_id, account=self.account, fetched_at=fetched_at)
            stated.as_of, stated.date, stated.balance = as_of, record.date, _texts(told)
            stated.before = before.get(record.date)
            states.append(stated)
        ImportedState.objects.bulk_create(states)

    def _balance_before(self, day: date) -> Any:
        return self._balances_before([day]).get(day)

    def _balances_before(self, days: Sequence[date]) -> dict[date, Any]:
        """The snapshots of those days that no file wrote."""
        held = BalanceSnapshot.objects.filter(account=self.account, date__in=days, derived=False)
        states = ImportedState.objects.filter(account=self.account, date__in=days)
        mine = set(states.values_list("date", "fetched_at"))
        return {
            each.date: _texts({name: getattr(each, name) for name in BALANCE})
            for each in held
            if (each.date, each.fetched_at) not in mine
        }


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    """Numbers and times as text: exact, and read back by the columns themselves."""
    return {
        name: str(value) if isinstance(value, (Decimal, datetime)) else value
        for name, value in columns.items()
    }


def trace_of_before(account: FinancialAccount) -> None:
    """Give pieces from before observations the digests of what they said; the account must be adopted.

    Rows as they were before a file changed them become past observations, oldest first.
    """
    pieces = list(ImportedRows.objects.filter(account=account, said_hash=None).order_by("id"))
    if not pieces:
        return
    source = adoption.source_of_files(account)
    live = Observation.objects.filter(source=source, state=State.LIVE)
    current = {row_id: bytes(said) for row_id, said in live.values_list("row_id", "row_hash")}
    told = set(live.values_list("event", flat=True))
    images = [[_row(image) for image in piece.before] for piece in pieces]
    for piece, rows in zip(pieces, images, strict=True):
        changed = [row for row in rows if row.id in told]
        deleted = [row for row in rows if row.id not in told]
        adoption.observe_rows(source, changed, State.PAST)
        piece.taken = adoption.observe_rows(source, deleted, State.GONE)
    for piece, rows in reversed(list(zip(pieces, images, strict=True))):
        piece.said_hash = sorted({current[name] for name in piece.names if name in current})
        current |= {row.provider_transaction_id: digest(adoption.record_of(row)) for row in rows}
    ImportedRows.objects.bulk_update(pieces, ["said_hash", "taken"], batch_size=100)


def _row(image: dict[str, Any]) -> Transaction:
    fields = {field.attname: field for field in Transaction._meta.concrete_fields}
    return Transaction(**{name: fields[name].to_python(image[name]) for name in fields if name in image})
