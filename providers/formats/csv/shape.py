"""The shape of a file: its text, its delimiter and its table, found anew or as a person said for this shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from providers.formats.csv.cells.blocks import blocks
from providers.formats.csv.cells.numbers import looks_like_number
from providers.formats.csv.cells.records import Record, find_delimiter, lines_of, records
from providers.formats.csv.cells.text import read_text
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.table import Table, find_tables
from providers.formats.csv.understanding import Layout, clean_layout
from providers.formats.csv.words.plain import plain
from providers.formats.errors import NoStatementsError, NotAStatementError
from providers.formats.options import ReadOptions

ANY = "*"  # the layout for a table of whatever shape
_LOOKED_AT = 400
_WIDE = 4  # cells that a fact about the table does not have
_BLOCKS = 60  # lines that tell if a table is written in blocks


@dataclass(frozen=True, slots=True)
class Shape:
    """A table with some cells of each of its columns. `fingerprint` is that of the shape as it is found anew.

    `skipped` are the lines where other tables of the file begin.
    """

    table: Table
    columns: Sequence[Cells]
    encoding: str
    delimiter: str
    fingerprint: str
    skipped: tuple[int, ...] = ()


def shape_of(data: bytes, options: ReadOptions) -> tuple[Shape, Layout, bool]:
    """The shape, the layout for it, and whether a person has said that before. Raises StatementError."""
    layouts = {mark: clean_layout(layout) for mark, layout in options.layouts.items()}
    given = layouts.get(ANY, Layout())
    if options.date_order:
        order = Layout(date_order="dmy" if options.date_order == "day_first" else "mdy")
        given = order | given
    shape = _read(data, Layout(), "")
    layout = layouts.get(shape.fingerprint, Layout()) | given
    if {"encoding", "delimiter", "header"} & set(layout):
        shape = _read(data, layout, shape.fingerprint)
    return shape, layout, shape.fingerprint in layouts or "roles" in given


def _read(data: bytes, layout: Layout, mark: str) -> Shape:
    text, encoding = read_text(data, layout.get("encoding"))
    ended, lines = text.endswith(("\n", "\r")), lines_of(text)
    del text
    delimiter = layout.get("delimiter") or find_delimiter(lines)
    found = (blocks(lines[:_BLOCKS]) and blocks(lines)) or list(records(lines, delimiter))
    if not ended:
        _mark_cut(found)
    table, skipped = _main(find_tables(found, header=layout.get("header")))
    if not table.headings:
        _mark_last(table.rows)
    columns = _columns(table)
    return Shape(
        table, columns, encoding, delimiter, mark or _fingerprint(table, columns, delimiter), skipped
    )


def _mark_cut(found: list[Record]) -> None:
    """Mark the last row of a file without a last line end if it can have been cut off.

    So it is if cells are missing, or if its last number has other decimals than those above it.
    """
    *before, last = found or [Record(0, [])]
    above = [record.cells for record in before[-20:] if len(record.cells) > 1]
    if not above or last.problem:
        return
    width = max(map(len, above))
    ends = {_decimals(cells[-1]) for cells in above if len(cells) == width}
    short = 1 < len(last.cells) < width
    cell = last.cells[-1] if last.cells else ""
    shorter = len(ends) == 1 and ends != {0} and len(last.cells) == width and {_decimals(cell)} != ends
    if short or (shorter and cell.strip()[-1:] in "0123456789.,"):
        found[-1] = Record(last.line, last.cells, "The file ends in the middle of this line.")


def _mark_last(rows: list[Record]) -> None:
    """Mark the last row of a table without headings if it has fewer cells than the others: some state a balance so."""
    *before, last = rows or [Record(0, [])]
    if (
        len(before) > 1
        and len({len(row.cells) for row in before}) == 1
        and len(last.cells) < len(before[0].cells)
    ):
        problem = "This last row has fewer cells than the others, and may be a balance."
        rows[-1] = Record(last.line, last.cells, last.problem or problem)


def _decimals(cell: str) -> int:
    """How many digits a number has after its last point or comma."""
    text = cell.strip()
    last = max(text.rfind("."), text.rfind(","))
    return len(text) - 1 - last if last >= 0 and text[-1:].isdigit() else 0


def _main(tables: Sequence[Table]) -> tuple[Table, tuple[int, ...]]:
    """The table with most rows, together with those of the same headings; and where the others begin."""
    if not tables:
        message = "There is no table with dates and amounts in this file. Download an account's transactions as CSV."
        raise NotAStatementError(message, reason="no_table")
    chosen = max(tables, key=lambda table: len(table.rows))
    if not chosen.rows:
        message = "The table has headings and no rows. Download a period in which something happened."
        raise NoStatementsError(message)
    names = [plain(heading) for heading in chosen.headings]
    same = [table for table in tables if [plain(heading) for heading in table.headings] == names]
    skipped = [
        table.header_line or table.rows[0].line for table in tables if table.rows and table not in same
    ]
    skipped += [record.line for record in chosen.above if _lists(record.cells)][:1]
    chosen.rows = sorted((row for table in same for row in table.rows), key=lambda row: row.line)
    return chosen, tuple(skipped)


def _lists(cells: Sequence[str]) -> bool:
    """True for a row of another list, such as of what is held, above the table."""
    return sum(map(looks_like_number, cells)) > 1 and sum(bool(cell.strip()) for cell in cells) > _WIDE


def _columns(table: Table) -> list[Cells]:
    width = table.width
    step = max(len(table.rows) // _LOOKED_AT, 1)
    sample = [row.cells for row in (*table.rows[:_LOOKED_AT], *table.rows[_LOOKED_AT::step])]
    usual = [cells for cells in sample if len(cells) * 2 > width]
    return [Cells([cells[at] if at < len(cells) else "" for cells in usual]) for at in range(width)]


def _fingerprint(table: Table, columns: Sequence[Cells], delimiter: str) -> str:
    """A digest of the shape: headings, or what the columns hold; never of a row's content."""
    if table.headings:
        shape = [plain(heading) for heading in table.headings]
    else:
        shape = ["day" if cells.dated else "number" if cells.numeric else "text" for cells in columns]
    return sha256(json.dumps([delimiter, bool(table.headings), shape]).encode()).hexdigest()[:32]


def read_with(layouts: Mapping[str, Layout], corrections: Layout | None) -> ReadOptions:
    """Options with the layouts that a person has, and what they say of this file alone."""
    return ReadOptions(layouts=layouts if corrections is None else {**layouts, ANY: corrections})
