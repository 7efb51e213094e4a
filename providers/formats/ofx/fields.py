"""Typed reading of one aggregate: blank and missing are the same, everything else is exact or refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from providers.formats.ofx.tokens import Node
from providers.formats.ofx.values import BadValueError, clean_id, clean_text, parse_amount, parse_when

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of one aggregate; `decimal_commas` holds for the whole file."""

    node: Node
    decimal_commas: bool = False

    def within(self, *path: str) -> Fields:
        """The aggregate at the end of the path, or an empty one."""
        node: Node | None = self.node
        for tag in path:
            node = node.child(tag) if node else None
        return Fields(node or Node("", self.node.line), self.decimal_commas)

    def below(self, *tags: str) -> list[Fields]:
        """The aggregates inside all lists of those names."""
        lists = [node for node in self.node.children if node.tag in tags]
        return [Fields(row, self.decimal_commas) for node in lists for row in node.children]

    def text(self, tag: str) -> str:
        """Text for people; empty when missing."""
        return clean_text(self.node.values.get(tag, ""))

    def word(self, tag: str) -> str:
        """A code word in upper case; empty when missing."""
        return clean_text(self.node.values.get(tag, ""), 40).upper()

    def id(self, tag: str) -> str | None:
        """An identifier. Raises BadValueError when there are two."""
        self._refuse_repetition(tag)
        return clean_id(self.node.values.get(tag, "")) or None

    def maybe_amount(self, tag: str) -> Decimal | None:
        """An exact number, None when missing. Raises BadValueError."""
        self._refuse_repetition(tag)
        raw = clean_text(self.node.values.get(tag, ""), 80)
        return parse_amount(raw, decimal_commas=self.decimal_commas) if raw else None

    def amount(self, tag: str) -> Decimal:
        """An exact number. Raises BadValueError, also when it is missing."""
        amount = self.maybe_amount(tag)
        if amount is None:
            raise BadValueError(f"The amount ({tag}) is missing.")
        return amount

    def total(self, *tags: str) -> Decimal | None:
        """The sum of those amounts that are there; None when none is."""
        amounts = [amount for tag in tags if (amount := self.maybe_amount(tag)) is not None]
        return sum(amounts, Decimal(0)) if amounts else None

    def maybe_when(self, tag: str) -> tuple[dt.date, dt.datetime] | None:
        """Calendar day and moment, None when missing. Raises BadValueError."""
        self._refuse_repetition(tag)
        raw = clean_text(self.node.values.get(tag, ""), 80)
        return parse_when(raw) if raw else None

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
