"""Texts of rows compared: the exact form that is counted, and the likeness that may propose a link."""

import functools
import re
import unicodedata
from enum import IntEnum

_WORDS = re.compile(r"[^\W_]+")
_DAY = re.compile(r"\b\d{1,4}[./-]\d{1,2}(?:[./-]\d{1,4})?\b\.?")
# Words that say how money moved, not between whom.
_HOW = """
card debit credit purchase payment pos pending posted authorisation authorization auth hold reservation visa mastercard
maestro contactless online transaction transfer direct sepa ach withdrawal deposit processing kartenzahlung lastschrift
zahlung ec girocard paiement carte achat cb vir prlv pago compra tarjeta the and und de la le of to from no nr ref sq
tst pp paypal www com gmbh inc ltd llc co
"""
_GENERIC = frozenset(_HOW.split())
# Letters that banks write plainly, each in its own way: "Müller" is also "Mueller" and "Muller".
_PLAIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_UMLAUT = re.compile("(?<=[aou])e")
_NO_ID = re.compile(r"(?:0*|-+|none|null|nil|n/?a|unknown|undefined|x+)", re.IGNORECASE)


class Likeness(IntEnum):
    """How much two texts agree on a name."""

    OTHER = 0  # each names something, and nothing in common
    SILENT = 1  # at least one names nothing
    SOME = 2  # a word in common, and each has words of its own
    SAME = 3  # one says all that the other says


@functools.lru_cache(maxsize=50_000)
def normalised(text: str) -> str:
    """The text without differences of case, width, accents' encoding, punctuation and spaces."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def says_nothing(id: str) -> bool:
    """True for an id such as "0", "none" or nothing at all."""
    return _NO_ID.fullmatch(id.strip()) is not None


@functools.lru_cache(maxsize=50_000)
def names(text: str) -> frozenset[str]:
    """The words of a text that may name a party: neither days, nor numbers, nor what cards and banks always write."""
    plain = unicodedata.normalize("NFKD", _DAY.sub(" ", text)).casefold().translate(_PLAIN)
    words = _WORDS.findall("".join(c for c in plain if not unicodedata.combining(c)))
    return frozenset(_UMLAUT.sub("", word) for word in words if word not in _GENERIC and not word.isdecimal())


@functools.lru_cache(maxsize=50_000)
def numbers(text: str) -> frozenset[str]:
    """The numbers of at least three digits in a text, days apart: an invoice's, a terminal's."""
    return frozenset(
        word for word in _WORDS.findall(_DAY.sub(" ", text)) if word.isdecimal() and len(word) > 2
    )


@functools.lru_cache(maxsize=50_000)
def likeness(one: str, other: str) -> Likeness:
    """The likeness of two texts; the order does not matter."""
    if normalised(one) == normalised(other):
        return Likeness.SAME if names(one) or numbers(one) else Likeness.SILENT
    mine, theirs = names(one), names(other)
    if not mine or not theirs:
        return _of_numbers(numbers(one), numbers(other))
    left, right = _unmatched(mine, theirs), _unmatched(theirs, mine)
    if not left or not right:
        apart = numbers(one) and numbers(other) and not numbers(one) & numbers(other)
        return Likeness.SOME if apart and mine == theirs else Likeness.SAME
    if len(left) < len(mine) or _run_together(mine, theirs):
        return Likeness.SOME
    return Likeness.OTHER


def _of_numbers(mine: frozenset[str], theirs: frozenset[str]) -> Likeness:
    return Likeness.SAME if mine & theirs else Likeness.SILENT


def _unmatched(words: frozenset[str], others: frozenset[str]) -> list[str]:
    return [word for word in words if word not in others and not any(_short_for(word, o) for o in others)]


def _short_for(one: str, other: str) -> bool:
    """True if one is a beginning, or an abbreviation in order, of the other: "mktp" of "marketplace"."""
    short, long = sorted((one, other), key=len)
    if len(short) < 3 or short[0] != long[0]:
        return False
    if long.startswith(short):
        return len(short) > 3
    letters = iter(long)
    dense = len(short) * 3 >= len(long)
    return dense and not set(short[1:]) & set("aeiou") and all(letter in letters for letter in short)


def _run_together(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """True if a long word of one is several of the other written without spaces."""
    return any(
        len(word) >= 6
        and sum(len(part) for part in others if len(part) >= 3 and part in word) * 3 >= len(word) * 2
        for words, others in ((mine, theirs), (theirs, mine))
        for word in words
    )
