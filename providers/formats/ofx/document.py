"""File bytes to text: recognises the kind of file and its character set."""

from __future__ import annotations

import codecs
import re
from typing import Literal

from providers.formats.errors import (
    NotAStatementError,
    StatementEncodingError,
    StatementTooLargeError,
    TruncatedStatementError,
)

MAX_BYTES = 50 * 1024 * 1024
_HEAD = 4096

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = ((b"<\0", "utf-16-le"), (b"O\0", "utf-16-le"), (b"\0<", "utf-16-be"), (b"\0O", "utf-16-be"))
_HEADER_KEYS = "OFXHEADER|DATA|VERSION|SECURITY|ENCODING|CHARSET|COMPRESSION|OLDFILEUID|NEWFILEUID"
_HEADER = re.compile(rf"({_HEADER_KEYS})\s*:\s*(.*?)(?=\s|{_HEADER_KEYS}|<|$)", re.IGNORECASE)
_XML_ENCODING = re.compile(r"<\?xml[^<>]*?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_XML_HEADER = re.compile(r"<\?(?:xml|ofx)\b", re.IGNORECASE)
_STATEMENT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?:OFX|STMTRS|CCSTMTRS|INVSTMTRS|BANKTRANLIST)[\s>]", re.IGNORECASE
)

# Windows-1252 is what banks mean by all of these; a superset of Latin-1 in everything a statement contains.
_AS_1252 = frozenset({"", "none", "usascii", "us-ascii", "ascii", "1252", "unicode", "utf-8", "utf8", "ansi"})
_AS_1252 |= frozenset({"iso-8859-1", "8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252"})
_CODE_PAGES = re.compile(r"(?:windows-|cp)?(125[0-8]|437|850|852|858|866|874|932|936|949|950)")
_ISO_8859 = re.compile(r"(?:iso-?)?8859-(\d{1,2})")
_NAMED = frozenset({"shift_jis", "euc-jp", "euc-kr", "gb2312", "gbk", "gb18030", "big5", "koi8-r", "koi8-u"})

_BINARY = (
    (b"%PDF", "pdf", "This is a PDF, which is made for reading, not for importing."),
    (b"PK\x03\x04", "zip", "This is a zip file or a spreadsheet. If it is a zip file, unpack it first."),
    (b"\x1f\x8b", "gzip", "This file is compressed. Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "office", "This is a spreadsheet or document of an office program."),
    (b"\x89PNG", "image", "This is a picture."),
    (b"\xff\xd8\xff", "image", "This is a picture."),
)
_TEXTS = (
    (
        r"<!doctype html|<html\b|<head\b|<body\b",
        "html",
        "This is a web page, perhaps the bank's sign-in page.",
    ),
    (r"urn:iso:std:iso:20022:|<Document\b", "camt", "This is an ISO 20022 (CAMT) file."),
    (r"^[ \t\ufeff]*!(?:Type|Clear|Option|Account)\b", "qif", "This is a QIF file."),
    (
        r"^[ \t]*(?:\{1:[A-Z0-9]|:20:|:25:|:28C?:|:60[FM]:|:61:|:86:)",
        "mt940",
        "This is an MT940 file.",
    ),
    (r"\A\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])", "json", "This is a JSON file."),
    (r"\A\s*<", "xml", "This is another kind of XML or web file."),
    (
        "|".join(rf"\A[^<\n{mark}]*{mark}[^<\n]*\n[^<\n{mark}]*{mark}" for mark in (",", ";", "\t", "[|]")),
        "csv",
        "This looks like a CSV table.",
    ),
)
_ADVICE = " In your bank's download page, choose OFX, QFX, Quicken or Money as the format."
# What banks call “Quicken” may be either QFX or QIF.
_ADVICE_FOR_QIF = " In your bank's download page, choose OFX, QFX or Money as the format."


def read_text(data: bytes, max_bytes: int = MAX_BYTES) -> tuple[str, Literal["ofx1", "ofx2"]]:
    """The text with line feeds only, and the format it declares. Raises StatementError for any other file."""
    if len(data) > max_bytes:
        limit = max_bytes // (1024 * 1024)
        message = f"The file is larger than {limit} MB. Download a shorter period."
        raise StatementTooLargeError(message)
    _refuse_binary(data)
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n")
    if not _STATEMENT.search(text):
        _refuse_other_text(text[: _HEAD * 4])
    return text, "ofx2" if _XML_HEADER.search(text[:_HEAD]) else "ofx1"


def _refuse_binary(data: bytes) -> None:
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise NotAStatementError("The file is empty. Download it again from your bank.", reason="empty")
    for magic, reason, sentence in _BINARY:
        if data.startswith(magic):
            raise NotAStatementError(sentence + _ADVICE, reason=reason)


def _refuse_other_text(head: str) -> None:
    if _HEADER.match(head.lstrip()) or re.search(r"<\?OFX\b", head, re.IGNORECASE):
        message = "The file ends right after its header. Download it again from your bank."
        raise TruncatedStatementError(message)
    for pattern, reason, sentence in _TEXTS:
        if re.search(pattern, head, re.IGNORECASE | re.MULTILINE):
            advice = _ADVICE_FOR_QIF if reason == "qif" else _ADVICE
            raise NotAStatementError(sentence + advice, reason=reason)
    raise NotAStatementError("We do not recognise this kind of file." + _ADVICE)


def _decode(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_as(data[len(bom) :], encoding)
    for start, encoding in _WIDE:
        if data.startswith(start):
            return _decode_as(data, encoding)
    return _decode_as(data, "utf-8")


def _decode_as(data: bytes, encoding: str) -> str:
    """UTF-8 first, whatever the header says: many banks label it 1252, and 1252 rarely reads as UTF-8."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            message = "The file is damaged: its UTF-16 text is broken. Download it again from your bank."
            raise StatementEncodingError(message) from None
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # Banks cut long names at a byte, through the middle of a character: that does not make it Windows-1252.
    if len(text) - len(text.encode("ascii", "ignore")) - broken > broken:
        return text
    return data.decode(_declared_codec(text[:_HEAD]), "replace")


def _declared_codec(head: str) -> str:
    header = {key.upper(): value.strip().lower() for key, value in _HEADER.findall(head)}
    xml = _XML_ENCODING.search(head)
    names = [header.get("CHARSET", ""), header.get("ENCODING", ""), xml.group(1).lower() if xml else ""]
    for name in names:
        if name not in _AS_1252:
            return _codec(name)
    return "cp1252"


def _codec(name: str) -> str:
    if page := _CODE_PAGES.fullmatch(name):
        return f"cp{page.group(1)}"
    if part := _ISO_8859.fullmatch(name):
        name = f"iso8859-{int(part.group(1))}"
    elif name not in _NAMED:
        raise StatementEncodingError(
            "The file names a character set we do not know. If your bank offers a choice, choose UTF-8."
        )
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise StatementEncodingError(
            "The file names a character set that does not exist. If your bank offers a choice, choose UTF-8."
        ) from None
