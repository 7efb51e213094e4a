"""Accounts in the lists that their person chose: open, closed, hidden."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AccountLists:
    """Open and closed accounts without the hidden ones, unless these are to be shown; `hidden` counts them.

    `hidden_count` are those among them that count in net worth.
    """

    open: Sequence[Mapping[str, Any]]
    closed: Sequence[Mapping[str, Any]]
    hidden: int
    hidden_count: int
    showing_hidden: bool


def account_lists(accounts: Iterable[Mapping[str, Any]], *, show_hidden: bool) -> AccountLists:
    """The accounts, sorted out."""
    every = list(accounts)
    shown = [account for account in every if show_hidden or not account["hidden"]]
    hidden = [account for account in every if account["hidden"]]
    return AccountLists(
        open=[account for account in shown if not account["closed"]],
        closed=[account for account in shown if account["closed"]],
        hidden=len(hidden),
        hidden_count=sum(account["in_net_worth"] and not account["closed"] for account in hidden),
        showing_hidden=show_hidden,
    )
