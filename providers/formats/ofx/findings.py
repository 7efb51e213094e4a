"""Findings of OFX: rows and values that cannot be read exactly, and sections that are not read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from providers.formats.findings import Findings
from providers.formats.ofx.fields import Fields
from providers.formats.ofx.tree import Node
from providers.formats.values import BadValueError

T = TypeVar("T")


class OfxFindings(Findings):
    """Findings of an OFX file, read aggregate by aggregate."""

    def rows(self, rows: Iterable[Fields], read: Callable[[Fields], T]) -> list[T]:
        """Those rows that can be read exactly; each of the others is rejected with its line and reason."""
        good: list[T] = []
        for row in rows:
            try:
                good.append(read(row))
            except BadValueError as problem:
                self.reject(row.node.line, str(problem))
        return good

    def value(self, fields: Fields, name: str, read: Callable[[str], T | None]) -> T | None:
        """A value beside the rows; None, with a notice, if it cannot be read."""
        try:
            return read(name)
        except BadValueError as problem:
            detail = f"{fields.node.tag} {name} was left out: {problem}"
            self.notice("value_left_out", fields.node.line, detail)
            return None

    def sections(self, node: Node, known: frozenset[str]) -> None:
        """Note the sections of an aggregate that are not read."""
        for child in node.children:
            if child.tag not in known:
                detail = f"The section {child.tag[:40]} was skipped: we do not read it yet."
                self.notice("section_skipped", child.line, detail)
