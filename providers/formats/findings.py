"""Findings: parts of a file that could not be used, collected while the rest is read."""

from __future__ import annotations

from providers.formats.statement import Notice, NoticeCode, RejectedRow

MAX_NOTICES = 100
MAX_REJECTED = 1_000


class Findings:
    """Rejected rows, and notices about anything else: the first of them, and how many there are."""

    def __init__(self) -> None:
        self.rejected: list[RejectedRow] = []
        self.rejected_count = 0
        self.notices: list[Notice] = []
        self.notices_count = 0

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
