"""Typed reading of one aggregate: blank and missing are the same, everything else is exact or refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from providers.formats.ofx.tree import Node
from providers.formats.ofx.values import MAX_WHEN, maybe_when, parse_amount
from providers.formats.values import BadValueError, clean_id, clean_text, clean_word, exact_sum

_CURRENCY = re.compile(r"[A-Z]{3}")
_PLAIN_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,10})?")  # one that has a single reading


@dataclass(slots=True)
class Fields:
    """The values of one aggregate; `decimal_commas` holds for the whole file, `currency_code` for the statement."""

    node: Node
    decimal_commas: bool = False
    currency_code: str = ""

    def within(self, *path: str) -> Fields:
        """The aggregate at the end of the path, or an empty one."""
        node: Node | None = self.node
        for tag in path:
            node = node.child(tag) if node else None
        return self.of(node or Node("", self.node.line))

    def of(self, node: Node) -> Fields:
        """The values of another aggregate of the same file."""
        return Fields(node, self.decimal_commas, self.currency_code)

    def below(self, *tags: str) -> Iterator[Fields]:
        """The aggregates inside all lists of those names, taken out of them: to be read once."""
        lists = [node for node in self.node.children if node.tag in tags]
        return (self.of(row) for node in lists for row in node.take_children())

    def text(self, tag: str) -> str:
        """Text for people; empty when missing."""
        return clean_text(self.node.values.get(tag, ""))

    def word(self, tag: str) -> str:
        """A code word in upper case; empty when missing."""
        raw = self.node.values.get(tag)
        return clean_word(raw) if raw else ""

    def id(self, tag: str) -> str | None:
        """An identifier. Raises BadValueError when there are two."""
        self._refuse_repetition(tag)
        raw = self.node.values.get(tag)
        return clean_id(raw) or None if raw else None

    def maybe_amount(self, tag: str) -> Decimal | None:
        """An exact number, None when missing. Raises BadValueError."""
        self._refuse_repetition(tag)
        raw = self.node.values.get(tag)
        if raw and _PLAIN_AMOUNT.fullmatch(raw) and not self.decimal_commas:
            return Decimal(raw)
        text = clean_text(raw, 80) if raw else ""
        if not text:
            return None
        return parse_amount(text, decimal_commas=self.decimal_commas, currency=self.currency_code)

    def amount(self, tag: str) -> Decimal:
        """An exact number. Raises BadValueError, also when it is missing."""
        amount = self.maybe_amount(tag)
        if amount is None:
            raise BadValueError(f"The amount ({tag}) is missing.")
        return amount

    def total(self, *tags: str) -> Decimal | None:
        """The sum of those amounts that are there; None when none is."""
        amounts = [amount for tag in tags if (amount := self.maybe_amount(tag)) is not None]
        return exact_sum(amounts) if amounts else None

    def maybe_when(self, tag: str) -> tuple[dt.date, dt.datetime] | None:
        """Calendar day and moment, None when missing. Raises BadValueError."""
        self._refuse_repetition(tag)
        raw = self.node.values.get(tag)
        return maybe_when(raw[:MAX_WHEN]) if raw else None

    def when(self, tag: str) -> tuple[dt.date, dt.datetime]:
        """Calendar day and moment. Raises BadValueError, also when missing."""
        when = self.maybe_when(tag)
        if when is None:
            raise BadValueError(f"The date ({tag}) is missing.")
        return when

    def currency(self, tag: str) -> str | None:
        """An ISO 4217 code, or None."""
        code = self.word(tag)
        return code if _CURRENCY.fullmatch(code) else None

    def _refuse_repetition(self, tag: str) -> None:
        if self.node.repeated and tag in self.node.repeated:
            raise BadValueError(f"{tag} is there twice with different values.")
