"""The parser of CAMT.052, 053 and 054 files of every version: bytes to statements, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from xml.etree.ElementTree import Element

from providers.formats.camt.entries import InformationOnly, read_entry
from providers.formats.camt.fields import Reader
from providers.formats.camt.statements import read_statement
from providers.formats.camt.stream import Lines, documents, elements, mended, pieces
from providers.formats.errors import NoStatementsError, StatementDamagedError, StatementTooLargeError
from providers.formats.findings import Findings
from providers.formats.joining import MAX_ROWS, Draft, joined
from providers.formats.statement import Format, StatementFile, StatementTransaction
from providers.formats.values import BadValueError

Chunks = Callable[[], Iterator[bytes]]
COUNT_EVERY = 5_000
MAX_STATEMENTS = 20_000
MAX_READERS = 100
_CONTAINERS: dict[str, Format] = {"Stmt": "camt.053", "Rpt": "camt.052", "Ntfctn": "camt.054"}
_ENTRY = "Ntry"


class _Reading:
    """The statements so far, and the rows of the one that is being read."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self.count = count
        self.findings = Findings()
        self.drafts: list[Draft] = []
        self.format: Format | None = None
        self.rows: list[StatementTransaction] = []
        self.entries = 0
        self.informed = 0
        self.readers: dict[str, Reader] = {}  # by tag

    def take(self, stream: Iterable[tuple[str, Element]], lines: Lines) -> None:
        line = first = 0
        for name, element in stream:
            reader = self.readers.get(element.tag) or self._reader(element.tag, name)
            if name == _ENTRY:
                self.entries += 1
                line = lines.starts.popleft() if lines.starts else self.entries
                first = first or line
                self._entry(reader, element, line)
            else:
                self._close(reader, element, name, first or lines.line)
                first = 0
            element.clear()

    def _reader(self, tag: str, name: str) -> Reader:
        """The reader of the namespace that a tag is in, kept by that tag."""
        if len(self.readers) > MAX_READERS:
            self.readers.clear()
        reader = self.readers[tag] = Reader(tag.removesuffix(name))
        return reader

    def _entry(self, reader: Reader, element: Element, line: int) -> None:
        try:
            self.rows.append(read_entry(reader, element, line))
        except InformationOnly:
            self.informed += 1
        except BadValueError as problem:
            self.findings.reject(line, f"Entry {self.entries}: {problem}")
        if self.entries > MAX_ROWS:
            raise StatementTooLargeError("The file has too many rows. Download a shorter period.")
        if not self.entries % COUNT_EVERY:
            self.count(self.entries)

    def _close(self, reader: Reader, element: Element, name: str, line: int) -> None:
        kind = _CONTAINERS[name]
        self.format = self.format or kind
        if self.informed:
            what = "1 entry" if self.informed == 1 else f"{self.informed} entries"
            self.findings.notice(
                "not_a_movement", line, f"{what} for information only (INFO) moved no money."
            )
        draft = read_statement(reader, element, self.rows, line, self.findings, interim=kind != "camt.053")
        self.drafts.append(draft)
        self.rows, self.informed = [], 0
        if len(self.drafts) > MAX_STATEMENTS:
            raise StatementTooLargeError("The file has too many statements. Download a shorter period.")


def parse_camt(chunks: Chunks, count: Callable[[int], None] = lambda _: None) -> StatementFile:
    """Read a CAMT document that `chunks` gives anew with each call. Raises StatementError."""
    try:
        return _parsed(lambda reading: reading.take(pieces_of(chunks(), lines := Lines()), lines), count)
    except StatementDamagedError:
        text = mended(chunks())
        if text is None:
            raise
        return _parsed(lambda reading: reading.take(elements((text,), _ENTRY, _CONTAINERS), Lines()), count)


def parse_camt_bytes(data: bytes, count: Callable[[int], None] = lambda _: None) -> StatementFile:
    """Read a file of one or more CAMT documents. Raises StatementError."""
    parts = documents(data)
    if len(parts) == 1:
        return parse_camt(lambda: iter((data,)), count)

    def take(reading: _Reading) -> None:
        for part in parts:
            lines = Lines()
            reading.take(pieces_of(iter((part,)), lines), lines)

    return _parsed(take, count)


def pieces_of(chunks: Iterator[bytes], lines: Lines) -> Iterator[tuple[str, Element]]:
    """The entries and statements of a document that comes in chunks."""
    return elements(pieces(chunks, lines), _ENTRY, _CONTAINERS)


def _parsed(take: Callable[[_Reading], None], count: Callable[[int], None]) -> StatementFile:
    reading = _Reading(count)
    take(reading)
    findings = reading.findings
    if reading.rows:
        for row in reading.rows:
            findings.reject(row.line, "This row is outside of any statement.")
    if reading.format is None or not reading.drafts:
        raise NoStatementsError(
            "The file has no statement of an account. Download the transactions of an account."
        )
    statements = joined(reading.drafts, findings)
    return StatementFile(
        format=reading.format,
        institution=statements[0].institution,
        statements=statements,
        rejected=tuple(findings.rejected),
        rejected_count=findings.rejected_count,
        notices=tuple(findings.notices),
        notices_count=findings.notices_count,
    )
