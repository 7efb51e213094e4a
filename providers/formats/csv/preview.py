"""A preview of a table: what was understood, its first rows, and what would become of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import ClassVar

from providers.formats.csv.cells.records import Record
from providers.formats.csv.parser import AS_IT_IS, TableReading
from providers.formats.csv.reading.rows import Read
from providers.formats.csv.understanding import Preview, PreviewRow, Question
from providers.formats.detect import detect
from providers.formats.errors import StatementError
from providers.formats.options import ReadOptions
from providers.formats.values import ALL_DIGITS, exact_sum

SHOWN = 20
_COUNTED = 2_000


class NoPreviewError(StatementError):
    """The file is no table: it says itself what it holds."""

    code: ClassVar[str] = "no_preview"
    title: ClassVar[str] = "There is nothing to preview"


def preview_in_process(emit: Callable[[Preview], None], data: bytes, options: ReadOptions) -> None:
    """Emit the preview of a table. Raises StatementError, and NoPreviewError for another kind of statement."""
    if detect(data) != "csv":
        raise NoPreviewError("This kind of file says itself what it holds. Import it without a preview.")
    emit(preview_csv(data, options))


def preview_csv(data: bytes, options: ReadOptions = AS_IT_IS) -> Preview:
    """The preview of a table, with its first rows. Raises StatementError for what is no table."""
    with localcontext(prec=ALL_DIGITS):
        return _preview(TableReading(data, options))


def _preview(reading: TableReading) -> Preview:
    """The first rows as they stand and as they would be read, and what would become of the others."""
    shown: list[PreviewRow] = []
    days, accounts, counted = [], set(), 0
    sums: dict[str, list[Decimal]] = {}
    for record, read in reading.reads(reading.table.rows[:_COUNTED]):
        reading.note(record, read)
        if not read.rows and not read.left_out and not read.rejected:
            continue
        counted += len(read.rows)
        if len(shown) < SHOWN:
            shown.append(_shown(record, read, reading.table.width))
        for row in read.rows:
            days.append(row.date)
            accounts.add(read.account)
            sums.setdefault(row.currency or "", []).append(row.amount)
    understood = reading.choices.understanding
    named = understood.currency or understood.where("currency") or understood.where("asset")
    if "" in sums or (not named and not sums):
        text = "The file does not say which currency it is in. Choose it."
        understood = replace(understood, questions=(*understood.questions, Question("currency", text)))
    return Preview(
        understanding=understood,
        rows=tuple(shown),
        row_count=len(reading.table.rows),
        left_out=tuple((sort, len(lines)) for sort, lines in reading.left_out.items()),
        rejected_count=reading.findings.rejected_count,
        first_day=min(days).isoformat() if days else "",
        last_day=max(days).isoformat() if days else "",
        accounts=tuple(sorted(each for each in accounts if each))
        or ((reading.choices.facts.account,) if reading.choices.facts.account else ()),
        totals=tuple((code, str(exact_sum(amounts))) for code, amounts in sums.items()),
    )


def _shown(record: Record, read: Read, width: int) -> PreviewRow:
    cells = tuple(cell[:120] for cell in record.cells[:width])
    row = read.rows[0] if read.rows else None
    return PreviewRow(
        line=record.line,
        cells=cells + ("",) * (width - len(cells)),
        day=row.date.isoformat() if row else "",
        amount=str(row.amount) if row else "",
        currency=(row.currency or "") if row else "",
        description=row.description[:120] if row else "",
        left_out=read.rejected or read.left_out,
    )
