"""Accounts in groups of one kind and one currency, each with its sub-total."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from providers.pages import words

_ORDER = tuple(words.TYPES)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in a group. `trend` is its small line, where the page draws one."""

    account: Mapping[str, Any]
    trend: Any = None


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """Accounts that can be added up. `subtotal` is None while no balance is known."""

    title: str
    icon: str
    currency: str
    subtotal: Decimal | None
    rows: Sequence[AccountRow]


def account_groups(
    accounts: Iterable[Mapping[str, Any]], trends: Mapping[Any, Any] | None = None
) -> list[AccountGroup]:
    """The groups in the order people think of them; a kind in two currencies makes two groups.

    `trends` holds small lines by account id.
    """
    ordered = sorted(accounts, key=_key)
    groups = [_group(*key, list(rows), trends or {}) for key, rows in groupby(ordered, key=_key)]
    titles = [group.title for group in groups]
    return [_with_currency(group) if titles.count(group.title) > 1 else group for group in groups]


def kind_name(account: Mapping[str, Any]) -> str:
    """`Credit card`: the subtype, or the type where the institution gives none."""
    kind: str = account["subtype"] or account["type"]
    return kind.replace("_", " ").capitalize()


def _key(account: Mapping[str, Any]) -> tuple[int, str]:
    type_ = account["type"] if account["type"] in words.TYPES else "other"
    return _ORDER.index(type_), account["currency"]


def _group(
    type_index: int, currency: str, accounts: list[Mapping[str, Any]], trends: Mapping[Any, Any]
) -> AccountGroup:
    title, icon = words.TYPES[_ORDER[type_index]]
    balances = [account["balances"]["current"] for account in accounts]
    known = [Decimal(balance) for balance in balances if balance is not None]
    rows = [AccountRow(account, trends.get(account["id"])) for account in accounts]
    return AccountGroup(title, icon, currency, sum(known, Decimal(0)) if known else None, rows)


def _with_currency(group: AccountGroup) -> AccountGroup:
    return replace(group, title=f"{group.title} in {group.currency}")
