"""Findings: parts of a file that could not be used, collected while the rest is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from providers.formats.ofx.fields import Fields
from providers.formats.ofx.tree import Node
from providers.formats.ofx.values import BadValueError
from providers.formats.statement import Notice, NoticeCode, RejectedRow

MAX_NOTICES = 100
MAX_REJECTED = 1_000
T = TypeVar("T")


class Findings:
    """Rejected rows, and notices about anything else: the first of them, and how many there are."""

    def __init__(self) -> None:
        self.rejected: list[RejectedRow] = []
        self.rejected_count = 0
        self.notices: list[Notice] = []
        self.notices_count = 0

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

    def reject(self, line: int, reason: str) -> None:
        """Add a rejected row; beyond MAX_REJECTED only count it."""
        self.rejected_count += 1
        if len(self.rejected) < MAX_REJECTED:
            self.rejected.append(RejectedRow(line, reason))

    def notice(self, code: NoticeCode, line: int, reason: str) -> None:
        """Add a notice; beyond MAX_NOTICES only count it."""
        self.notices_count += 1
        if len(self.notices) < MAX_NOTICES:
            self.notices.append(Notice(line, reason, code))
