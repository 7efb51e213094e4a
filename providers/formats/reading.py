"""The reader of statement files: recognises the kind of a file, and has the parser of that kind read it.

Each parser turns bytes into a StatementFile or raises a StatementError. A new kind is one entry of `_PARSERS`.
"""

from __future__ import annotations

from collections.abc import Callable

from providers.formats.camt.parser import parse_camt_bytes
from providers.formats.csv.parser import parse_csv
from providers.formats.detect import FileKind, detect, other_kind
from providers.formats.errors import StatementTooLargeError
from providers.formats.mt940.parser import parse_mt940
from providers.formats.ofx.parser import parse_ofx
from providers.formats.options import ReadOptions
from providers.formats.qif.parser import parse_qif
from providers.formats.statement import StatementFile
from providers.formats.zipped import parse_zip

Count = Callable[[int], None]
MAX_BYTES = 50 * 1024 * 1024

_PARSERS: dict[FileKind, Callable[[bytes, ReadOptions, Count], StatementFile]] = {
    "ofx": lambda data, _, count: parse_ofx(data, count=count),
    "camt": lambda data, _, count: parse_camt_bytes(data, count),
    "mt940": lambda data, _, count: parse_mt940(data, count),
    "qif": parse_qif,
    "csv": parse_csv,
}


def parse_statement_file(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    count: Count = lambda _: None,
    options: ReadOptions = ReadOptions(),  # noqa: B008 frozen
) -> StatementFile:
    """Read a statement file. Raises StatementError for a file without a readable statement, and nothing else.

    Rows that are not certain are in `rejected`, sections and balances we cannot use in `notices`. `count` is
    called now and then with the number of rows so far, about.
    """
    if len(data) > max_bytes:
        message = f"The file is larger than {max_bytes // (1024 * 1024)} MB. Download a shorter period."
        raise StatementTooLargeError(message)
    kind = detect(data)
    if kind == "zip":
        return parse_zip(data, lambda part: _parse(detect(part), part, options, count), count)
    return _parse(kind, data, options, count)


def _parse(kind: FileKind, data: bytes, options: ReadOptions, count: Count) -> StatementFile:
    parser = _PARSERS.get(kind)
    if parser is None:
        raise other_kind(kind)
    return parser(data, options, count)
