"""Findings: parts of a file that could not be used, collected while the rest is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from providers.formats.ofx.fields import Fields
from providers.formats.ofx.tokens import Node
from providers.formats.ofx.values import BadValueError
from providers.formats.statement import Notice, RejectedRow

MAX_NOTICES = 100
T = TypeVar("T")


class Findings:
    """Rejected rows, and notices about anything else."""

    def __init__(self) -> None:
        self.rejected: list[RejectedRow] = []
        self.notices: list[Notice] = []

    def rows(self, rows: Iterable[Fields], read: Callable[[Fields], T]) -> list[T]:
        """Those rows that can be read exactly; each of the others is rejected with its line and reason."""
        good: list[T] = []
        for row in rows:
            try:
                good.append(read(row))
            except BadValueError as problem:
                self.rejected.append(RejectedRow(row.node.line, str(problem)))
        return good

    def value(self, fields: Fields, name: str, read: Callable[[str], T | None]) -> T | None:
        """A value beside the rows; None, with a notice, if it cannot be read."""
        try:
            return read(name)
        except BadValueError as problem:
            self.notice(fields.node.line, f"{fields.node.tag} {name} was left out: {problem}")
            return None

    def sections(self, node: Node, known: frozenset[str]) -> None:
        """Note the sections of an aggregate that are not read."""
        for child in node.children:
            if child.tag not in known:
                self.notice(child.line, f"The section {child.tag[:40]} was skipped: we do not read it yet.")

    def notice(self, line: int, reason: str) -> None:
        """Add a notice, up to MAX_NOTICES."""
        if len(self.notices) < MAX_NOTICES:
            self.notices.append(Notice(line, reason))
