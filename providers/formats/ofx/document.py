"""Bytes of an OFX file to text, in the character set that it declares."""

from __future__ import annotations

import codecs
import re
from typing import Literal

from providers.formats.charsets import charset_of
from providers.formats.detect import refuse_cut_header
from providers.formats.errors import StatementEncodingError, StatementTooLargeError
from providers.formats.text import read_text

MAX_BYTES = 50 * 1024 * 1024
_HEAD = 4096

_HEADER_KEYS = "OFXHEADER|DATA|VERSION|SECURITY|ENCODING|CHARSET|COMPRESSION|OLDFILEUID|NEWFILEUID"
_HEADER = re.compile(rf"({_HEADER_KEYS})\s*:\s*(.*?)(?=\s|{_HEADER_KEYS}|<|$)", re.IGNORECASE)
_XML_ENCODING = re.compile(r"<\?xml[^<>]*?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_XML_HEADER = re.compile(r"<\?(?:xml|ofx)\b", re.IGNORECASE)
_STATEMENT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?:OFX|STMTRS|CCSTMTRS|INVSTMTRS|BANKTRANLIST)[\s>]", re.IGNORECASE
)

# Windows-1252 is what most banks mean by all of these; what others mean, the words of the file tell.
_AS_1252 = frozenset({"", "none", "usascii", "us-ascii", "ascii", "1252", "unicode", "utf-8", "utf8", "ansi"})
_AS_1252 |= frozenset({"iso-8859-1", "8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252"})
_CODE_PAGES = re.compile(r"(?:windows-|cp)?(125[0-8]|437|850|852|858|866|874|932|936|949|950)")
_ISO_8859 = re.compile(r"(?:iso-?)?8859-(\d{1,2})")
_NAMED = frozenset({"shift_jis", "euc-jp", "euc-kr", "gb2312", "gbk", "gb18030", "big5", "koi8-r", "koi8-u"})


def read_document(data: bytes, max_bytes: int = MAX_BYTES) -> tuple[str, Literal["ofx1", "ofx2"]]:
    """The text with line feeds only, and the format it declares. Raises StatementError."""
    if len(data) > max_bytes:
        limit = max_bytes // (1024 * 1024)
        message = f"The file is larger than {limit} MB. Download a shorter period."
        raise StatementTooLargeError(message)
    text = read_text(data, lambda text: _declared_codec(text[:_HEAD]) or charset_of(data))
    if not _STATEMENT.search(text):
        raise refuse_cut_header()
    return text, "ofx2" if _XML_HEADER.search(text[:_HEAD]) else "ofx1"


def _declared_codec(head: str) -> str:
    """The codec of the character set that is declared; empty for those that banks write whatever they use."""
    header = {key.upper(): value.strip().lower() for key, value in _HEADER.findall(head)}
    xml = _XML_ENCODING.search(head)
    names = [header.get("CHARSET", ""), header.get("ENCODING", ""), xml.group(1).lower() if xml else ""]
    for name in names:
        if name not in _AS_1252:
            return _codec(name)
    return ""


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
