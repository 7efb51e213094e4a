"""Elements of a CAMT document as they are read: entries one by one, each forgotten when the next one comes.

Documents with a DTD are refused, so that no entity is ever expanded. Only character sets that cannot hide one are read.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from providers.formats.errors import (
    StatementDamagedError,
    StatementEncodingError,
    TruncatedStatementError,
)
from providers.formats.text import read_text

MAX_MENDED = 50 * 1024 * 1024

_PIECE = 128 * 1024
_DEEPEST = 16  # elements around an entry, with all envelopes
_START = re.compile(rb"<(?:\x00)?(?:\?|[A-Za-z_!])|<\x00|\x00<")
_ENCODING = re.compile(rb"\A<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})")
_BY_EXPAT = frozenset({"utf-8", "utf8", "utf-16", "utf16", "iso-8859-1", "us-ascii", "ascii"})
_BY_US = re.compile(r"(?:iso-?8859-\d{1,2}|(?:windows-|cp)125[0-8]|latin-?1)")
_DECLARATION = re.compile(rb"<\?xml\s")
_DTD = tuple(
    mark.encode(codec) for mark in ("<!DOCTYPE", "<!ENTITY") for codec in ("ascii", "utf-16-le", "utf-16-be")
)
_ENTRY = re.compile(rb"Ntry[\s/>]")
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Codes of expat: no element found, unclosed token, partial character, unclosed CDATA section.
_CUT = frozenset({3, 5, 6, 20})
_AGAIN = " Download it again from your bank."


class Lines:
    """The lines that entries begin on, found in the bytes as they go by."""

    def __init__(self) -> None:
        self.line = 1
        self.starts: deque[int] = deque()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Look through a piece; the end of it waits for the next one."""
        data = self._rest + data
        end = max(data.rfind(b"<"), 0) if len(data) - data.rfind(b"<") < 60 else len(data)
        counted = 0
        for match in _ENTRY.finditer(data, 0, end):
            start = data.rfind(b"<", max(match.start() - 60, 0), match.start())
            if start < 0 or data[start + 1 : start + 2] == b"/":
                continue
            self.line += data.count(b"\n", counted, match.start())
            counted = match.start()
            self.starts.append(self.line)
        self.line += data.count(b"\n", counted, end)
        self._rest = data[end:]


def elements(
    chunks: Iterable[bytes | str], entry: str, containers: Collection[str]
) -> Iterator[tuple[str, Element]]:
    """Entries and their containers, in the order in which they end, with their local names.

    Raises StatementDamagedError and TruncatedStatementError.
    """
    builder = TreeBuilder()
    growing = _Growing(builder.start("", {}), entry, containers)  # the document grows below it
    parser = XMLParser(target=builder)  # noqa: S314 a document with a DTD does not come so far
    try:
        for piece in chunks:
            parser.feed(piece)
            yield from growing.ended()
        parser.close()
    except ParseError as error:
        raise _refusal(error) from None
    yield from growing.rest()


class _Growing:
    """A tree that is being built: its open elements are each the last one of the open one around them.

    Looking at it now and then is much faster than having the parser tell of the end of each element.
    """

    def __init__(self, top: Element, entry: str, containers: Collection[str]) -> None:
        self.top = top
        self.entry = entry
        self.containers = frozenset(containers)
        self.seen: list[tuple[Element, int]] = []  # by depth: an open element, and its children that stay
        self.names: dict[str, str] = {}

    def ended(self) -> Iterator[tuple[str, Element]]:
        """Entries and containers that have ended since the last call; they leave the tree."""
        element = self.top
        for depth in range(_DEEPEST):
            known = self.seen[depth] if depth < len(self.seen) else (None, 0)
            start = known[1] if known[0] is element else 0
            end = len(element) - 1
            if end < 0:
                return
            kept = []
            inside = self.name(element) in self.containers
            for child in element[start:end]:
                yield from self._all(child)
                if inside and self.name(child) != self.entry:
                    kept.append(child)  # a balance, for when its statement ends
            element[start:end] = kept
            self.seen[depth:] = [(element, start + len(kept))]
            element = element[-1]
            if inside or self.name(element) == self.entry:
                return  # all of what it has so far belongs to it: an entry, an account, a balance

    def rest(self) -> Iterator[tuple[str, Element]]:
        """Those that are left when the document is over."""
        yield from self._all(self.top)

    def _all(self, element: Element) -> Iterator[tuple[str, Element]]:
        """All in an element that has ended, and itself."""
        name = self.name(element)
        if name == self.entry:
            within = list(element.iter(element.tag))
            yield from ((name, each) for each in reversed(within))  # more than one only in a damaged file
            return
        waiting = [(element, iter(element))]
        while waiting:
            outer, children = waiting[-1]
            for child in children:
                if self.name(child) == self.entry:
                    yield from self._all(child)
                elif len(child):
                    waiting.append((child, iter(child)))
                    break
            else:
                waiting.pop()
                if (name := self.name(outer)) in self.containers:
                    yield name, outer

    def name(self, element: Element) -> str:
        """The local name, if it is one that is asked for."""
        name = self.names.get(element.tag)
        if name is None:
            local = element.tag.rpartition("}")[2]
            name = self.names[element.tag] = local if local == self.entry or local in self.containers else ""
        return name


def pieces(chunks: Iterator[bytes], lines: Lines) -> Iterator[bytes | str]:
    """Small pieces of a document, from its first `<` on, as expat or Python decodes them. Raises StatementError."""
    head = next(chunks, b"")
    start = _START.search(head)
    if start is None:
        raise StatementDamagedError(f"There is no XML in it.{_AGAIN}")
    lines.line += head.count(b"\n", 0, start.start())
    head = head[start.start() :]
    decode = _decoder(head)
    rest = b""
    for chunk in chain((head,), chunks):
        for at in range(0, len(chunk), _PIECE):
            piece = chunk[at : at + _PIECE]
            looked_at = rest + piece
            if any(mark in looked_at for mark in _DTD):
                raise StatementDamagedError(
                    f"It declares a document type, which no bank's statement does.{_AGAIN}"
                )
            rest = piece[-20:]
            lines.feed(piece)
            yield decode(piece) if decode else piece


def mended(chunks: Iterator[bytes]) -> str | None:
    """The document decoded by its bytes, bare `&` escaped, controls gone; None if it is too large or has a DTD."""
    parts, size = [], 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_MENDED:
            return None
    text = read_text(b"".join(parts))
    text = text[max(text.find("<"), 0) :]
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    return _BARE.sub("&amp;", _CONTROLS.sub("", text))


def documents(data: bytes) -> list[bytes]:
    """The documents of a file that has several, one after the other."""
    starts = [match.start() for match in _DECLARATION.finditer(data)]
    if len(starts) < 2:
        return [data]
    ends = [*starts[1:], len(data)]
    return [data[start:end] for start, end in zip([0, *starts[1:]], ends, strict=True)]


def _decoder(head: bytes) -> Callable[[bytes], str] | None:
    """Python's decoder; None where expat reads the bytes by itself. Raises StatementEncodingError."""
    match = _ENCODING.match(head)
    name = match.group(1).decode().lower() if match else "utf-8"
    if name in _BY_EXPAT:
        return None
    if not _BY_US.fullmatch(name):
        raise StatementEncodingError(
            "The file names a character set we do not know. If your bank offers a choice, choose UTF-8."
        )
    try:
        return codecs.getincrementaldecoder(name.replace("windows-", "cp"))("replace").decode
    except LookupError:
        raise StatementEncodingError("The file names a character set that does not exist.") from None


def _refusal(error: ParseError) -> StatementDamagedError | TruncatedStatementError:
    if error.code in _CUT:
        return TruncatedStatementError(
            f"The file ends before the statement does, so rows may be missing.{_AGAIN}"
        )
    return StatementDamagedError(
        f"Its XML is broken in line {error.position[0]}, so nothing of it is certain.{_AGAIN}"
    )
