"""An export's archive: one ZIP, made piece by piece, so that its size costs no memory."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any
from uuid import UUID

from django.db.models import CharField, TextField

from accounts.export.tables import TABLES, Table
from dashtam.api.views import encode

PIECE = 1_000_000  # bytes
ROWS = 2000
# The signs with which spreadsheets begin a formula, the full-width and small forms among them. Some skip spaces and
# quotes before them; some split a cell at semicolons, tabs and line breaks first.
SIGNS = "=+\\-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
_HIDDEN = r"\s\x00-\x1f\x7f-\x9f\"'`\u2018-\u201f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
STARTS_A_FORMULA = re.compile(rf"[{_HIDDEN};,|]*[{SIGNS}]|[\t\r]")
GOES_ON_WITH_ONE = re.compile(rf"([;|\t\r\n][{_HIDDEN}]*)(?=[{SIGNS}])")
README = """Everything that this Dashtam holds of yours.

One file of JSON for each kind of thing, each an array of objects. Amounts are exact decimals, positive into the
account; times are in UTC. {same}, for spreadsheets: a text that one
would take for a formula has an apostrophe in front. Passwords, tokens and other secrets are not part of it.
"""


class _Pieces(io.RawIOBase):
    """The file that a ZipFile writes to. It cannot seek, so that finished bytes may leave at once."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.held += data
        return len(data)

    def take(self, at_least: int) -> bytes:
        """The bytes gathered so far, once they are at least so many; else none."""
        if len(self.held) < at_least:
            return b""
        piece = bytes(self.held)
        self.held.clear()
        return piece


class Archive:
    """The archive of a person's data, made in steps.

    Each step is a read of at most ROWS rows, far below the time limit of a statement. Steps may run on different
    threads and connections, one after the other.
    """

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        self.complete = False
        self.steps = self._make()

    def step(self) -> bytes:
        """The next piece, or nothing while there is not enough for one; the last step sets `complete`.

        Raises RuntimeError after a step that has failed: the archive is broken off, and must be made anew.
        """
        for piece in self.steps:
            return piece
        if not self.complete:
            raise RuntimeError("the archive is broken off")
        return b""

    def _make(self) -> Iterator[bytes]:
        out = _Pieces()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _readme())
            for table in TABLES:
                for _ in _write_json(archive, table, self.user_id):
                    yield out.take(PIECE)
            for table in (table for table in TABLES if table.spreadsheet):
                for _ in _write_csv(archive, table, self.user_id):
                    yield out.take(PIECE)
        self.complete = True
        yield out.take(1)


def _readme() -> str:
    pairs = [f"{table.name}.csv is the same as {table.name}.json" for table in TABLES if table.spreadsheet]
    return README.format(same=", ".join(pairs))


def _write_json(archive: zipfile.ZipFile, table: Table, user_id: UUID) -> Iterator[None]:
    with archive.open(f"{table.name}.json", "w", force_zip64=True) as file:
        before = b"[\n"
        for rows in table.batches(user_id, ROWS):
            for row in rows:
                file.write(before + encode(row))
                before = b",\n"
            yield
        file.write(b"\n]\n" if before == b",\n" else b"[]\n")
    yield


def _write_csv(archive: zipfile.ZipFile, table: Table, user_id: UUID) -> Iterator[None]:
    words = {f.attname for f in table.model._meta.concrete_fields if isinstance(f, (CharField, TextField))}
    with archive.open(f"{table.name}.csv", "w", force_zip64=True) as file:
        _write_line(file, table.columns)
        for rows in table.batches(user_id, ROWS):
            for row in rows:
                _write_line(
                    file, [plain(value) if name in words and value else value for name, value in row.items()]
                )
            yield
    yield


def _write_line(file: IO[bytes], cells: Iterable[Any]) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(["" if cell is None else cell for cell in cells])
    file.write(line.getvalue().encode())


def plain(text: str) -> str:
    """Change a text so that no spreadsheet takes it, or what follows a separator in it, for a formula (ASVS 1.2.10)."""
    text = GOES_ON_WITH_ONE.sub(r"\1'", text)
    return f"'{text}" if STARTS_A_FORMULA.match(text) else text
