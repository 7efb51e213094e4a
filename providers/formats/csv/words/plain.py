"""Text as it is compared: lower case, without accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PARENTHESES = re.compile(r"[(\[]([^()\[\]]{0,60})[)\]]")
# Scripts without Latin letters keep their own: Hebrew, Arabic, Thai, Korean, Japanese and Chinese.
_NOT_WORDS = re.compile(
    "[^0-9a-z\u05d0-\u05ea\u0620-\u064a\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u4e00-\u9fff]+"
)
_LATIN = {"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d", "ı": "i", "œ": "oe", "ð": "d", "þ": "th"}
# Greek and Cyrillic letters as Latin ones, so that words of all languages stand in one list.
_GREEK = dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True)) | {
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
}
_CYRILLIC = dict(zip("абвгдезийклмнопрстуфхцыэіґ", "abvgdeziiklmnoprstufhcyeig", strict=True)) | {
    "ж": "zh",
    "ч": "ch",
    "ш": "sh",
    "щ": "sht",
    "ъ": "a",
    "ь": "",
    "ю": "yu",
    "я": "ya",
    "є": "ie",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "ђ": "d",
    "џ": "dz",
}
_LETTERS = str.maketrans(_LATIN | _GREEK | _CYRILLIC)
_ASCII = str.maketrans({chr(code): chr(code).lower() if chr(code).isalnum() else " " for code in range(128)})


@lru_cache(8192)
def plain(text: str) -> str:
    """Words in lower case, without accents and punctuation, one blank between them."""
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_LETTERS)
    return _NOT_WORDS.sub(" ", text.lower()).strip()


def without_parentheses(heading: str) -> tuple[str, str]:
    """A heading without what stands in parentheses, and that."""
    inside = " ".join(_PARENTHESES.findall(heading))
    return _PARENTHESES.sub(" ", heading), inside
