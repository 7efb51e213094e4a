"""Bytes of a table to text: its character set is found, or taken from the person who knows it."""

from __future__ import annotations

import codecs
import re

from providers.formats.charsets import OTHERWISE, charset_of
from providers.formats.errors import NotAStatementError, StatementEncodingError, StatementTooLargeError

MAX_BYTES = 50 * 1024 * 1024
_HEAD = 4096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Those that a person may choose where the bytes do not say which it is.
ENCODINGS = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16-le": "Unicode (UTF-16, little-endian)",
    "utf-16-be": "Unicode (UTF-16, big-endian)",
    "cp1252": "Western European (Windows-1252)",
    "latin-1": "Western European (ISO 8859-1)",
    "iso8859-15": "Western European with € (ISO 8859-15)",
    "cp1250": "Central European (Windows-1250)",
    "iso8859-2": "Central European (ISO 8859-2)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp866": "Cyrillic (DOS 866)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "cp874": "Thai (Windows-874)",
    "cp850": "Western European (DOS 850)",
    "cp852": "Central European (DOS 852)",
    "mac_roman": "Western European (Mac)",
    "shift_jis": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese (Big5)",
    "cp949": "Korean (Windows-949)",
}
# Order marks where files were joined, and directions of writing in Hebrew and Arabic.
_MARKS = re.compile("[\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CODECS = {"shift_jis": "cp932"}  # what Windows calls so has more characters


def read_text(data: bytes, encoding: str | None = None, max_bytes: int = MAX_BYTES) -> tuple[str, str]:
    """The text, and its character set. Raises StatementError for what is no text."""
    if len(data) > max_bytes:
        limit = max_bytes // (1024 * 1024)
        raise StatementTooLargeError(f"The file is larger than {limit} MB. Download a shorter period.")
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise NotAStatementError("The file is empty. Download it again from your bank.", reason="empty")
    text, found = _decoded(data, encoding if encoding in ENCODINGS else None)
    text = text.rstrip("\0\x1a")  # padding of old programs
    text = text if text.isascii() else _MARKS.sub("", text)
    if "\0" in text:
        raise StatementEncodingError(
            "The file has characters that no text has. Download it again from your bank."
        )
    return text, found


def _decoded(data: bytes, chosen: str | None) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strictly(data[len(bom) :], encoding), encoding
    wide = chosen or _wide(data[:_HEAD])
    if wide:
        return _strictly(data, wide), wide
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # Banks cut long names at a byte, through the middle of a character: that does not make it Windows-1252.
    if len(text) - len(text.encode("ascii", "ignore")) - broken > broken:
        return text, "utf-8"
    return _by_words(data)


def _by_words(data: bytes) -> tuple[str, str]:
    found = charset_of(data)
    name = next((name for name, codec in _CODECS.items() if codec == found), found)
    if found != OTHERWISE:
        return data.decode(found, "replace"), name
    try:
        return data.decode(OTHERWISE), OTHERWISE
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _wide(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every second byte of Western text is zero."""
    half = len(head) // 2
    if half < 2:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.6 and odd < half * 0.1 else None


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        raise StatementEncodingError(
            "The text of the file does not fit its character set. Choose another one, or download it again."
        ) from None
