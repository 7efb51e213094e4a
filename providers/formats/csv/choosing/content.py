"""Some cells of a column, and what they can be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from providers.formats.csv.cells.dates import looks_like_date
from providers.formats.csv.cells.numbers import Number, is_nothing, read_number
from providers.formats.csv.words.said import word_in

_CODED = re.compile(r"[A-Z0-9_/.-]*[0-9][A-Z0-9_/.-]*", re.IGNORECASE)


def looks_like_code(text: str) -> bool:
    """True for an IBAN, a BIC with digits, a reference: one word with digits in it."""
    return _CODED.fullmatch(text) is not None


@dataclass(slots=True)
class Cells:
    """Some cells of a column, and what they can be."""

    texts: list[str]
    filled: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    days: int = 0

    def __post_init__(self) -> None:
        self.filled = [text.strip() for text in self.texts if not is_nothing(text)]
        self.numbers = [number for text in self.filled if (number := read_number(text)) is not None]
        self.days = sum(map(looks_like_date, self.filled))

    def share(self, count: int) -> float:
        """How much of the filled cells that is."""
        return count / len(self.filled) if self.filled else 0.0

    @property
    def numeric(self) -> bool:
        """True if nearly all are numbers, and they are no days."""
        return self.share(len(self.numbers)) >= 0.8 and self.share(self.days) < 0.8

    @property
    def dated(self) -> bool:
        """True if they are days."""
        return self.share(self.days) >= 0.6

    @property
    def monetary(self) -> bool:
        """True for numbers of which some have decimals, a sign or a currency."""
        moved = [each for each in self.numbers if each.digits.strip("0.,")]
        marked = sum(bool(each.marks or each.currency or each.negative is not None) for each in moved)
        return self.numeric and marked * 2 >= max(len(moved), 1)

    @property
    def wordy(self) -> bool:
        """True for text with letters in it."""
        return self.share(sum(any(map(str.isalpha, text)) for text in self.filled)) >= 0.5

    @property
    def telling(self) -> bool:
        """True for words that differ from row to row, as those of a description do."""
        named = sum(sum(map(str.isalpha, text)) > 3 and not looks_like_code(text) for text in self.filled)
        return self.share(named) >= 0.6 and len(set(self.filled)) * 2 >= len(self.filled)

    def of(self, words: frozenset[str]) -> bool:
        """True if nearly all are among those words."""
        return bool(self.filled) and self.share(sum(word_in(text, words) for text in self.filled)) >= 0.8

    def match(self, pattern: re.Pattern[str]) -> bool:
        """True if nearly all match."""
        return (
            bool(self.filled)
            and self.share(sum(bool(pattern.fullmatch(text)) for text in self.filled)) >= 0.8
        )
