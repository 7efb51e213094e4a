"""Amounts as tables write them. Where a cell does not say which mark is the decimal one, its column decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec

from dashtam.ui.currencies import CODES

Mark = Literal[".", ","]
MAX_DIGITS = 32
NOTHING = frozenset(
    {"", "-", "--", "---", "n/a", "na", "null", "none", "not available", "nan", "\u2013", "\u2014"}
)

_SIMPLE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?")
_BLANKS = "\u00a0\u2009\u202f\u2007"
_MINUS = "\u2212\u2013\u2010\u2011\u2012\ufe63\uff0d"
_CLEAN = str.maketrans(
    dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_MINUS, "-")
    | {"\u2019": "'", "\u00b4": "'", "\u066b": ".", "\u066c": ",", "\uffe5": "¥"}
)
_SIGNS = {
    "€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK", "₺": "TRY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₪": "ILS",
    "₴": "UAH", "₫": "VND", "฿": "THB", "₱": "PHP", "R$": "BRL", "US$": "USD", "C$": "CAD", "CA$": "CAD",
    "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "Ft": "HUF", "лв": "BGN", "Fr.": "CHF",
    "円": "JPY", "元": "CNY", "원": "KRW", "$": "$", "¥": "¥", "kr": "kr", "kr.": "kr",
}  # fmt: skip
_SIGN = "|".join(sorted((re.escape(sign) for sign in _SIGNS), key=len, reverse=True))
_WORDS = r"CR|DR|Cr|Dr|cr|dr|C|D|H|S"
_AMOUNT = re.compile(
    rf"(\()?\s?([+-])?\s?({_SIGN}|[A-Za-z]{{3}})?\s?([+-])?\s?({_SIGN})?"
    rf"([0-9.,' ]{{1,60}})\s?({_SIGN}|[A-Za-z]{{3}})?\s?([+-])?\s?(\))?\s?({_WORDS})?"
)
_CODES = frozenset(CODES)
_SPACED = re.compile(r"[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]*)?")


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number as written. `marks` are the decimal marks it can have: both where the cell alone does not say.

    `negative` is None where no sign is written; `word` is a CR or DR beside it, `currency` its code or sign.
    """

    digits: str
    marks: str
    negative: bool | None
    currency: str
    word: str

    def value(self, mark: str) -> Decimal | None:
        """The number with that decimal mark; None where both are possible and none is given."""
        if len(self.marks) == 2:
            if mark not in {".", ","}:
                return None
        else:
            mark = self.marks
        plain = self.digits
        if mark == ",":
            plain = plain.replace(".", "").replace(",", ".")
        elif mark and "," in plain:
            plain = plain.replace(",", "")
        number = Decimal(plain)
        return -number if self.negative else number


@lru_cache(131072)  # a column is read several times: as a whole, for its signs, and row by row
def read_number(cell: str) -> Number | None:
    """A number as written; None for what is none."""
    text = cell.strip()
    if _SIMPLE.fullmatch(text):
        return Number(text.lstrip("-"), "." if "." in text else "", text[0] == "-" or None, "", "")
    text = ascii_digits(text.translate(_CLEAN)).removeprefix("'").strip()  # Excel's mark of a text
    if not 1 <= len(text) <= 70 or not any(char.isdecimal() and char.isascii() for char in text):
        return None
    match = _AMOUNT.fullmatch(text)
    if not match:
        return None
    opened, minus, code, minus_after, sign, digits, code_after, minus_last, closed, word = match.groups()
    written = [each for each in (minus, minus_after, minus_last) if each]
    named = [each for each in (code, sign, code_after) if each]
    if bool(opened) != bool(closed) or len(written) > 1 or len(set(named)) > 1 or (opened and written):
        return None
    shape = _shape(digits.strip())
    if shape is None:
        return None
    negative = True if opened else (written[0] == "-") if written else None
    currency = _SIGNS.get(named[0], named[0].upper()) if named else ""
    return Number(*shape, negative, currency, (word or "").upper())


def ascii_digits(text: str) -> str:
    """The text with the digits of other scripts, such as Arabic ones, as ASCII ones; wide signs are narrow ones."""
    if text.isascii():
        return text
    narrow = (chr(ord(char) - 0xFEE0) if "\uff01" <= char <= "\uff5e" else char for char in text)
    return "".join([str(unicodedata.decimal(char, char)) for char in narrow])


def looks_like_number(cell: str) -> bool:
    """True for a cell that can be an amount."""
    return read_number(cell) is not None


def is_currency(code: str) -> bool:
    """True for a code of ISO 4217."""
    return code in _CODES


def is_nothing(cell: str) -> bool:
    """True for an empty cell, and for the words and dashes that stand for one."""
    return cell.strip().casefold() in NOTHING


def marks_of(numbers: Iterable[Number]) -> set[str]:
    """The decimal marks that are certain in a column."""
    return {number.marks for number in numbers if len(number.marks) == 1}


def doubtful(numbers: Iterable[Number]) -> bool:
    """True if a number of the column could have either decimal mark."""
    return any(len(number.marks) == 2 for number in numbers)


def _shape(digits: str) -> tuple[str, str] | None:
    """Digits without blanks, and the decimal marks that are possible; None for what is no number."""
    spaced = " " in digits or "'" in digits
    if spaced and not _SPACED.fullmatch(digits):
        return None
    digits = digits.replace(" ", "").replace("'", "")
    points, commas = digits.count("."), digits.count(",")
    if not points + commas:
        return _bounded(digits, "") if digits else None
    if points + commas > 1:
        return None if spaced else _several(digits, points, commas)
    mark = "." if points else ","
    whole, _, fraction = digits.partition(mark)
    if not whole + fraction:
        return None
    both = not spaced and len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return _bounded(digits, ".," if both else mark)


def _several(digits: str, points: int, commas: int) -> tuple[str, str] | None:
    """A number with several marks: all but the last are of thousands, or all of them."""
    if points and commas:
        mark = "." if digits.rfind(".") > digits.rfind(",") else ","
        whole, group = digits.rpartition(mark)[0], "," if mark == "." else "."
        return _bounded(digits, mark) if digits.count(mark) == 1 and _grouped(whole, group) else None
    group = "." if points else ","
    return _bounded(digits, "," if group == "." else ".") if _grouped(digits, group) else None


def _bounded(digits: str, marks: str) -> tuple[str, str] | None:
    return (digits, marks) if len(digits) <= 2 * MAX_DIGITS else None


def _grouped(whole: str, group: str) -> bool:
    """Thousands in groups: 1,234,567 and the Indian 12,34,567."""
    head, *middle, tail = whole.split(group)
    if len(tail) != 3 or not 1 <= len(head) <= 3 or not (head + tail).isdigit():
        return False
    sizes = {len(part) for part in middle}
    return sizes <= {3} or (sizes == {2} and len(head) <= 2 and group == ",")
