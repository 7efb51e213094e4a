"""Bytes of a text file to text: byte order marks, UTF-16 without one, UTF-8, and what a file means otherwise."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from providers.formats.charsets import charset_of
from providers.formats.errors import StatementEncodingError

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LOOKED_AT = 400


def read_text(data: bytes, otherwise: Callable[[str], str] | None = None) -> str:
    """The text with line feeds only. Raises StatementEncodingError.

    UTF-8 comes first, whatever the file says: many banks label it otherwise, and other character sets rarely read as
    UTF-8. `otherwise` names the codec of a file that is not UTF-8, from its text as far as that can be read;
    without it, its words tell.
    """
    return _decode(data, otherwise).replace("\r\n", "\n").replace("\r", "\n")


def peek(data: bytes) -> str:
    """Text of a piece of a file, wherever it was cut: for a first look."""
    data, encoding = _marked(data)
    return data.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, otherwise: Callable[[str], str] | None) -> str:
    data, encoding = _marked(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            message = "The file is damaged: its UTF-16 text is broken. Download it again from your bank."
            raise StatementEncodingError(message) from None
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # Banks cut long names at a byte, through the middle of a character: that does not make it another character set.
    if len(text) - len(text.encode("ascii", "ignore")) - broken > broken:
        return text
    return data.decode(otherwise(text) if otherwise else charset_of(data), "replace")


def _marked(data: bytes) -> tuple[bytes, str]:
    """The bytes without a byte order mark, and the encoding as far as they tell it."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :], encoding
    head = data[:_LOOKED_AT]
    half = len(head) // 2
    if half > 3:
        if head[1::2].count(0) > half * 0.7 and head[0::2].count(0) == 0:
            return data, "utf-16-le"
        if head[0::2].count(0) > half * 0.7 and head[1::2].count(0) == 0:
            return data, "utf-16-be"
    return data, "utf-8"
