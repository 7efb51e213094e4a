"""A statement file in parts that are small, to be passed from the process that reads it to the one that stores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from providers.formats.options import ReadOptions
from providers.formats.reading import parse_statement_file
from providers.formats.statement import Statement, StatementFile, StatementTransaction

AS_IT_IS = ReadOptions()
ROWS_AT_ONCE = 1_000
SAMPLE = 500

_encode = msgspec.msgpack.Encoder().encode
_decode_file = msgspec.msgpack.Decoder(StatementFile).decode
_decode_rows = msgspec.msgpack.Decoder(list[StatementTransaction]).decode


@dataclass(frozen=True, slots=True)
class Seen:
    """So many aggregates were read so far; most of them are rows."""

    count: int


@dataclass(frozen=True, slots=True)
class Head:
    """The file without its transactions, encoded."""

    encoded: bytes

    def decode(self) -> StatementFile:
        """The file, whose statements have no transactions."""
        return _decode_file(self.encoded)


@dataclass(frozen=True, slots=True)
class Rows:
    """Transactions of the statement with that index, encoded."""

    statement: int
    encoded: bytes

    def decode(self) -> list[StatementTransaction]:
        """The transactions, in the order of the file."""
        return _decode_rows(self.encoded)


def read_in_parts(
    emit: Callable[[Seen | Head | Rows], None], data: bytes, options: ReadOptions = AS_IT_IS
) -> None:
    """Emit `Seen` while the file is read, then one `Head`, then `Rows`. Raises StatementError before the head.

    Rows come ROWS_AT_ONCE; those of a statement with corrections come together, as a correction may be about any.
    """
    file = parse_statement_file(data, count=lambda count: emit(Seen(count)), options=options)
    heads = tuple(_head(statement) for statement in file.statements)
    emit(Head(_encode(replace(file, statements=heads))))
    for index, statement in enumerate(file.statements):
        rows = statement.transactions
        corrected = any(row.correct_fitid for row in rows)
        at_once = max(len(rows), 1) if corrected else ROWS_AT_ONCE
        for start in range(0, len(rows), at_once):
            emit(Rows(index, _encode(rows[start : start + at_once])))


def _head(statement: Statement) -> Statement:
    """The statement without its rows, but with identities of at most SAMPLE of them, from its whole length."""
    rows = statement.transactions
    step = -(-len(rows) // SAMPLE) or 1
    return replace(statement, transactions=(), sample=tuple(row.identity for row in rows[::step]))
