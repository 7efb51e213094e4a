"""Accounts in groups of one kind and one currency, each with its sub-total."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from providers.pages import words

Row = dict[str, Any]
_ORDER = tuple(words.TYPES)


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that can be added up. `subtotal` is None while no balance is known."""

    title: str
    icon: str
    currency: str
    subtotal: Decimal | None
    rows: Sequence[Row]


def grouped(accounts: Iterable[Row]) -> list[Group]:
    """The groups in the order people think of them; a kind in two currencies makes two groups."""
    ordered = sorted(accounts, key=_key)
    groups = [_group(*kind, list(rows)) for kind, rows in groupby(ordered, key=_key)]
    titles = [group.title for group in groups]
    return [_distinct(group) if titles.count(group.title) > 1 else group for group in groups]


def _key(account: Row) -> tuple[int, str]:
    type_ = account["type"] if account["type"] in words.TYPES else "other"
    return _ORDER.index(type_), account["currency"]


def _group(type_index: int, currency: str, rows: list[Row]) -> Group:
    title, icon = words.TYPES[_ORDER[type_index]]
    known = [Decimal(row["balances"]["current"]) for row in rows if row["balances"]["current"] is not None]
    return Group(title, icon, currency, sum(known, Decimal(0)) if known else None, rows)


def _distinct(group: Group) -> Group:
    title = f"{group.title} in {group.currency}"
    return Group(title, group.icon, group.currency, group.subtotal, group.rows)
