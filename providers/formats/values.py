"""Text, identifiers and exact sums, as all formats read them. `BadValueError` carries a sentence for the reader."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, localcontext
from functools import lru_cache
from hashlib import sha256
from html.entities import name2codepoint

MAX_TEXT = 1_000
MAX_ID = 255
# An amount of OFX has up to 32 characters (OFX 2.2 §3.2.9); no other format has more.
MAX_INTEGER_DIGITS = 32
MAX_DECIMALS = 32
ALL_DIGITS = 3 * (MAX_INTEGER_DIGITS + MAX_DECIMALS)  # of any sum: Python's own arithmetic stops at 28

_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,7}));")
# Controls, zero-width and bidi characters: invisible, and able to make one text look like another.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile(r"\s+")


class BadValueError(ValueError):
    """The value could be read in more than one way, or in none."""


def clean_text(raw: str, limit: int = MAX_TEXT) -> str:
    """Entities decoded once, invisible characters gone, white space collapsed, at most `limit` characters.

    Only entities of HTML 4 and character numbers are known; `&` otherwise stands for itself.
    """
    if raw.isascii() and raw.isprintable() and "&" not in raw and "  " not in raw:
        return raw[:limit].strip()  # the most common text has nothing to clean
    text = _ENTITY.sub(_entity, raw[: limit * 12]) if "&" in raw else raw[: limit * 12]
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()[:limit].rstrip()


def clean_word(raw: str) -> str:
    """A code word in upper case, at most 40 characters."""
    return _word(raw[:480])


@lru_cache(512)  # a file repeats a few words in all its rows
def _word(raw: str) -> str:
    return clean_text(raw, 40).upper()


def clean_id(raw: str) -> str:
    """An identifier; an overlong one becomes its digest, because cutting could make two of them equal."""
    text = clean_text(raw, MAX_ID + 1)
    return text if len(text) <= MAX_ID else sha256(raw.encode("utf-8", "replace")).hexdigest()


def _entity(match: re.Match[str]) -> str:
    number, hexadecimal, name = match.groups()
    if name:
        code = name2codepoint.get(name, 39 if name == "apos" else -1)
    else:
        code = int(number) if number else int(hexadecimal, 16)
    if name and code < 0:
        return match.group()
    return chr(code) if code <= 0x10FFFF else ""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with all its digits."""
    with localcontext(prec=ALL_DIGITS):
        return sum(amounts, Decimal(0))


def join_description(name: str, memo: str) -> str:
    """Name and memo, without saying anything twice: NAME is often the first 32 letters of MEMO."""
    one, other = name.casefold(), memo.casefold()
    if other in one:
        return name
    if one in other:
        return memo
    return f"{name} - {memo}"[:MAX_TEXT]
