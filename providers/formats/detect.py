"""The kind of a file, told by its content and never by its name."""

from __future__ import annotations

import re
from typing import Literal

from providers.formats.errors import NotAStatementError, TruncatedStatementError
from providers.formats.text import peek

FileKind = Literal["ofx", "camt", "mt940", "qif", "csv", "zip"]
LOOKED_AT = 256 * 1024
_LINES = 60

_ADVICE = " In your bank's download page, choose OFX, QFX, CAMT, MT940, QIF or CSV as the format."
_AGAIN = " Download it again from your bank."

_BINARY = (
    (b"%PDF", "pdf", "This is a PDF, which is made for reading, not for importing."),
    (b"\x1f\x8b", "gzip", "This file is compressed. Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "archive", "This file is compressed. Unpack it first."),
    (b"Rar!", "archive", "This file is compressed. Unpack it first."),
    (b"BZh", "archive", "This file is compressed. Unpack it first."),
    (b"\xfd7zXZ", "archive", "This file is compressed. Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "office", "This is a spreadsheet or document of an office program."),
    (b"SQLite format 3", "database", "This is the database of a program."),
    (b"\x89PNG", "image", "This is a picture."),
    (b"\xff\xd8\xff", "image", "This is a picture."),
    (b"GIF8", "image", "This is a picture."),
    (b"II*\0", "image", "This is a picture."),
    (b"MM\0*", "image", "This is a picture."),
    (b"{\\rtf", "rtf", "This is a text document (RTF), which is made for reading, not for importing."),
)
_OFX = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?:OFX|STMTRS|CCSTMTRS|INVSTMTRS|BANKTRANLIST)[\s>]|<\?OFX\b|\A\s*OFXHEADER\s*:",
    re.IGNORECASE,
)
_OFX_HEADER = re.compile(
    r"\A\s*(?:OFXHEADER|DATA|VERSION|SECURITY|ENCODING|CHARSET|COMPRESSION)\s*:", re.IGNORECASE
)
_OFX_TYPE1 = re.compile(r"\bSECURITY\s*[:=]\s*[\"']?TYPE1", re.IGNORECASE)
_HTML = re.compile(r"<!doctype html|<html\b|<head\b|<body\b", re.IGNORECASE)
_CAMT = re.compile(r"camt\.05[234]\.|<(?:[\w.-]{1,40}:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)\b")
_ISO_20022 = re.compile(r"urn:iso:std:iso:20022:|<Document\b", re.IGNORECASE)
_MT_TAG = re.compile(
    r"(?:^|@@|[}:])[ \t\ufeff]*:(20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|NS|13D?):", re.MULTILINE
)
_QIF = re.compile(r"^[ \t\ufeff]*!\s*(?:Type|Clear|Option|Account)\b", re.IGNORECASE | re.MULTILINE)
_QIF_ROW = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (r"^\^[ \t]*$", r"^D[ \t]*[0-9]", r"^[TU][ \t]*[-+]?[0-9]")
)
_NAMED = re.compile(r"(?:Date|Amount|Balance|Description)\s*:", re.IGNORECASE)
_JSON = re.compile(r"\A\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")


def detect(data: bytes) -> FileKind:
    """The kind of a file, from its beginning. Raises NotAStatementError, and TruncatedStatementError.

    A table is taken for CSV wherever it stands, as tables have no mark of their own.
    """
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise NotAStatementError(f"The file is empty.{_AGAIN}", reason="empty")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    for magic, reason, sentence in _BINARY:
        if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(magic):
            raise NotAStatementError(sentence + _ADVICE, reason=reason)
    return _of_text(peek(data[:LOOKED_AT]))


def _of_text(text: str) -> FileKind:
    if _OFX.search(text) or _OFX_HEADER.match(text):
        _refuse_encrypted(text)
        return "ofx"
    if _CAMT.search(text):
        return "camt"
    if _HTML.search(text[:20_000]):
        sentence = "This is a web page, perhaps the bank's sign-in page."
        raise NotAStatementError(sentence + _ADVICE, reason="html")
    if _ISO_20022.search(text):
        sentence = "This is an ISO 20022 message, but not one that tells the rows of an account (CAMT.052, 053 or 054)."
        raise NotAStatementError(sentence + _ADVICE, reason="iso20022")
    if _MT_TAG.search(text):
        return "mt940"
    if _QIF.search(text) or all(pattern.search(text) for pattern in _QIF_ROW):
        return "qif"
    if _JSON.match(text):
        raise NotAStatementError(f"This is a JSON file.{_ADVICE}", reason="json")
    if text.lstrip().startswith("<"):
        raise NotAStatementError(f"This is another kind of XML or web file.{_ADVICE}", reason="xml")
    if _is_table(text):
        return "csv"
    raise NotAStatementError(f"We do not recognise this kind of file.{_ADVICE}")


def _refuse_encrypted(text: str) -> None:
    if _OFX_TYPE1.search(text[:4096]):
        sentence = "This OFX file is encrypted for one program, and only that can read it."
        raise NotAStatementError(sentence + _ADVICE, reason="encrypted")


def refuse_cut_header() -> TruncatedStatementError:
    """The error of an OFX file that is nothing but its header."""
    return TruncatedStatementError(f"The file ends right after its header.{_AGAIN}")


def _is_table(text: str) -> bool:
    """True if lines of the beginning have a delimiter in common, or each names its value: `Date: 31/01/2026`."""
    lines = text.split("\n", _LINES)[:_LINES]
    named = sum(_NAMED.match(line) is not None for line in lines)
    return named > 2 or any(
        sum(mark in line for line in lines) > 1 or lines[0].count(mark) > 3 for mark in ",;\t|"
    )


def other_kind(kind: FileKind) -> NotAStatementError:
    """The error of a kind that is recognised and cannot be read."""
    name = {"csv": "a CSV table"}.get(kind, f"a file of the kind {kind.upper()}")
    return NotAStatementError(f"This looks like {name}, which we cannot read yet.{_ADVICE}", reason=kind)
