"""Text to records: lines, quoted cells over several lines, and the delimiter that makes a table of them.

A quotation mark that is never closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import msgspec

from providers.formats.csv.cells.dates import looks_like_date
from providers.formats.csv.cells.numbers import looks_like_number

DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
MAX_LINE = 100_000
MAX_COLUMNS = 500
_SNIFFED = 300
_CONTINUED = 40  # lines that one quoted cell may have
_DOUBLED = re.compile(r"\r+\n")
_FORMULA = re.compile(r"\s*=\"([^\"]*)\"\s*")
_SEP = re.compile(r"(?:\ufeff)?\"?sep=(.)\"?\s*", re.IGNORECASE)


class Record(msgspec.Struct, frozen=True, gc=False):
    """The cells of one record, which begins at that line. `problem` says why it could not be cut into cells."""

    line: int
    cells: list[str]
    problem: str = ""


def lines_of(text: str) -> list[str]:
    """The lines, whatever ends them: CR LF, LF, or CR alone, and also where files with different ends were joined."""
    if "\r" in text:
        text = _DOUBLED.sub("\n", text).replace("\r", "\n")
    return text.split("\n")


def find_delimiter(lines: list[str]) -> str:
    """The delimiter that gives most rows a date and a number of their own; Excel's `sep=` line, if there is one."""
    if match := _SEP.fullmatch(lines[0][:20]):
        return match.group(1) if match.group(1) in DELIMITERS else ","
    filled = [line for line in lines if line.strip()]
    step = max(len(filled) // _SNIFFED, 1)
    sample = [line for line in filled[:_SNIFFED] + filled[_SNIFFED::step] if len(line) <= MAX_LINE]
    return max(DELIMITERS, key=lambda mark: _worth(sample, mark))


def _worth(sample: list[str], delimiter: str) -> tuple[int, int, int]:
    """How many rows have a date and a number, how many have the most common width, and that width."""
    rows = 0
    widths: dict[int, int] = {}
    for record in records(sample, delimiter):
        width = len(record.cells)
        if width < 2:
            continue
        widths[width] = widths.get(width, 0) + 1
        numbers = sum(map(looks_like_number, record.cells))
        rows += bool(numbers) and any(map(looks_like_date, record.cells))
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
    return rows, count * (width - 1), width


def records(lines: list[str], delimiter: str) -> Iterator[Record]:
    """The records, blank lines left out."""
    index, total = 0, len(lines)
    while index < total:
        line = lines[index]
        if len(line) >= MAX_COLUMNS and (len(line) > MAX_LINE or line.count(delimiter) >= MAX_COLUMNS):
            yield Record(index + 1, [line[:200]], _too_large(line))
        elif '"' not in line:
            if line and not line.isspace():
                yield Record(index + 1, line.split(delimiter))
        else:
            cells, taken = _quoted(line, delimiter) or _cut(line, delimiter), 1
            if cells is None:
                cells, taken = _continued(lines, index, delimiter)
            if cells is None or _torn(cells, delimiter, lines[index : index + taken]):
                yield Record(index + 1, [line[:200]], "A quotation mark of this line is not closed.")
            else:
                yield Record(index + 1, [_text_of(cell) for cell in cells] if '="' in line else cells)
            index += taken - 1
        index += 1


def _text_of(cell: str) -> str:
    """The text of a cell that is a formula for one, which keeps Excel from changing it: `="00123"`."""
    match = _FORMULA.fullmatch(cell)
    return match.group(1) if match else cell


def _torn(cells: list[str], delimiter: str, lines: list[str]) -> bool:
    """True if a cell has the end of one and the beginning of another in it, by a quotation mark too few or too many.

    Where a text has these marks, they are doubled in the file.
    """
    marks = (f'"{delimiter}', f'{delimiter}"')
    doubtful = [cell for cell in cells if '"' in cell and any(mark in cell for mark in marks)]
    if not doubtful:
        return False
    written = "\n".join(lines)
    return any('"{}"'.format(cell.replace('"', '""')) not in written for cell in doubtful)


def _too_large(line: str) -> str:
    if len(line) > MAX_LINE:
        return f"This line has {len(line):,} characters, more than any row of a statement."
    return f"This line has more than {MAX_COLUMNS} cells, more than any row of a statement."


def _quoted(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line in which each is quoted, and no other quotation mark is; None for another line."""
    cells = line[1:-1].split(f'"{delimiter}"')
    plain = line[0] == '"' == line[-1] and len(line) > 1 and line.count('"') == 2 * len(cells)
    return cells if plain else None


def _cut(text: str, delimiter: str) -> list[str] | None:
    """The cells of a record; None if a quoted cell goes on in the next line."""
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True, skipinitialspace=False))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    except StopIteration:
        return []
    spaced = text.replace(f'{delimiter} "', f'{delimiter}"')
    try:
        return next(csv.reader((spaced,), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return text.split(delimiter)


def _continued(lines: list[str], index: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of a record over several lines, and how many; None and one, if it does not end soon and cleanly."""
    text = lines[index]
    for taken in range(2, _CONTINUED + 1):
        if index + taken > len(lines):
            return None, 1
        text += "\n" + lines[index + taken - 1]
        if len(text) > MAX_LINE:
            return None, 1
        try:
            return next(csv.reader((text,), delimiter=delimiter, strict=True)), taken
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return None, 1
    return None, 1
