"""Outcome: how a run of a connection went, as a whole and account by account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashtam.errors import DashtamError
from providers.errors import BudgetSpent, OutgoingPaused, QuotaSpent
from providers.sync.models import SyncInterrupted, SyncRun

State = SyncRun.State


@dataclass(slots=True)
class Outcome:
    """The outcome of a run: an error that ended it, or the error code of each account; and what was not understood."""

    error: DashtamError | None = None
    account_errors: dict[str, str] = field(default_factory=dict)
    accounts_done: int = 0
    notices: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """Partial if at least one account was read whole, or as far as the budget went."""
        if not self.error and not self.account_errors:
            return State.SUCCEEDED
        read_on = isinstance(self.error, BudgetSpent) or BudgetSpent.code in self.account_errors.values()
        return State.PARTIAL if self.accounts_done or read_on else State.FAILED

    @property
    def blameless(self) -> bool:
        """True if the institution has done no wrong: the run was stopped or not allowed, or has spent its budget."""
        if self.error is not None:
            return isinstance(self.error, (SyncInterrupted, OutgoingPaused, QuotaSpent, BudgetSpent))
        return set(self.account_errors.values()) <= {BudgetSpent.code, QuotaSpent.code}
