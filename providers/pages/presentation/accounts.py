"""Accounts in groups of one kind and one currency, each with its sub-total."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import timezone

from dashtam.ui.formats import relative_text
from providers import connectors
from providers.pages import words

_ORDER = tuple(words.TYPES)
SHOWN = 12  # accounts that a page shows before it folds the rest away


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in a group. `trend` is its small line, where the page draws one.

    `stale` is true where the balance is older than its source lets one expect; `age` is how old it is, in words.
    """

    account: Mapping[str, Any]
    trend: Any = None
    stale: bool = False
    age: str = ""

    @property
    def lacks(self) -> str:
        """The part of the account that its balance does not count, in words."""
        return lacks(self.account)


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """Accounts that can be added up. `subtotal` is None while no balance is known; `open`: not folded away."""

    title: str
    icon: str
    currency: str
    subtotal: Decimal | None
    rows: Sequence[AccountRow]
    open: bool = True


def account_groups(
    accounts: Iterable[Mapping[str, Any]], trends: Mapping[Any, Any] | None = None, zone: tzinfo = UTC
) -> list[AccountGroup]:
    """The groups in the order people think of them; a kind in two currencies makes two groups.

    `trends` holds small lines by account id, `zone` is the person's.
    """
    ordered, now = sorted(accounts, key=_key), timezone.now()
    rows = [_row(account, trends or {}, now, zone) for account in ordered]
    groups = [_group(*key, list(same)) for key, same in groupby(rows, key=lambda row: _key(row.account))]
    titles = [group.title for group in groups]
    named = [_with_currency(group) if titles.count(group.title) > 1 else group for group in groups]
    return list(_folded(named))


def _folded(groups: Iterable[AccountGroup]) -> Iterator[AccountGroup]:
    """The groups open from the first one on, as long as they show few accounts together; the others folded."""
    shown = 0
    for group in groups:
        fits = shown + len(group.rows) <= SHOWN
        shown += len(group.rows) if fits else 0
        yield replace(group, open=fits)


_KINDS = {**words.ACCOUNT_KINDS, "other": "Other account"}


def stale_balance(account: Mapping[str, Any], now: datetime) -> bool:
    """True where the account's provider should have had a newer balance."""
    return connectors.balances_overdue(account["provider"], account["balances"]["as_of"], now)


def kind_name(account: Mapping[str, Any]) -> str:
    """`Credit card`: the subtype, or the type where the institution gives none."""
    subtype: str = account["subtype"].replace("_", " ").capitalize()
    return subtype or _KINDS.get(account["type"], _KINDS["other"])


def lacks(account: Mapping[str, Any]) -> str:
    """`without its cash, which is not reported`, or nothing."""
    return words.LACKS.get(account["balances"]["lacks"], "")


def _key(account: Mapping[str, Any]) -> tuple[int, str]:
    type_ = account["type"] if account["type"] in words.TYPES else "other"
    return _ORDER.index(type_), account["currency"]


def _row(account: Mapping[str, Any], trends: Mapping[Any, Any], now: datetime, zone: tzinfo) -> AccountRow:
    as_of = account["balances"]["as_of"]
    age = relative_text(as_of, now, zone) if as_of else ""
    return AccountRow(account, trends.get(account["id"]), stale_balance(account, now), age)


def _group(type_index: int, currency: str, rows: list[AccountRow]) -> AccountGroup:
    title, icon = words.TYPES[_ORDER[type_index]]
    balances = [row.account["balances"]["current"] for row in rows]
    known = [Decimal(balance) for balance in balances if balance is not None]
    return AccountGroup(title, icon, currency, sum(known, Decimal(0)) if known else None, rows)


def _with_currency(group: AccountGroup) -> AccountGroup:
    return replace(group, title=f"{group.title} in {group.currency}")
