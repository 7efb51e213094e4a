"""Accounts in groups of one kind and one currency, each with its sub-total."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from dashtam.ui.formats import MINUS, money_text, quantity_text
from providers.pages import words

Row = Mapping[str, Any]
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


def shown(transactions: Iterable[Row], accounts: Iterable[Row] = ()) -> list[Row]:
    """Each transaction with `kind_name`, `detail`, and `account_name` if its account is among `accounts`."""
    names = {account["id"]: account["name"] for account in accounts}
    return [
        {
            **row,
            "kind_name": words.kind(row["kind"]),
            "detail": detail(row),
            "account_name": names.get(row["account_id"], ""),
        }
        for row in transactions
    ]


def detail(row: Mapping[str, Any]) -> str:
    """`12 VTI at $244.10 · fees $1.00 · Groceries`, as far as it is known."""
    parts = [_traded(row)]
    if row["fees"] is not None and Decimal(row["fees"]):
        parts.append(f"fees {money_text(row['fees'], row['currency'])}")
    category = row["category"].replace("_", " ").lower().capitalize()
    if category != words.kind(row["kind"]):
        parts.append(category)
    return " · ".join(part for part in parts if part)


def _traded(row: Mapping[str, Any]) -> str:
    if row["quantity"] is None:
        return row["symbol"] or ""
    price = f" at {_price(row)}" if row["price"] is not None else ""
    return f"{quantity_text(row['quantity'])} {row['symbol'] or 'units'}{price}"


def _price(row: Mapping[str, Any]) -> str:
    _, _, decimals = str(row["price"]).partition(".")
    return money_text(row["price"], row["currency"], places=max(2, min(len(decimals), 6)))


def with_gains(holdings: Iterable[Row]) -> list[Row]:
    """Each position with `gain` and `gain_percent`, None and "" where its value or cost is not known."""
    return [{**row, **_gain(row["market_value"], row["cost_basis"])} for row in holdings]


def largest(holdings: Iterable[Row], currency: str, count: int) -> list[Row]:
    """The most valuable ones, those in the person's own currency first."""
    valued = [row for row in holdings if row["market_value"] is not None]
    return sorted(valued, key=lambda row: (row["currency"] != currency, -Decimal(row["market_value"])))[
        :count
    ]


def _gain(value: str | None, cost: str | None) -> Row:
    if value is None or cost is None:
        return {"gain": None, "gain_percent": ""}
    gain = Decimal(value) - Decimal(cost)
    return {"gain": gain, "gain_percent": _percent(gain, abs(Decimal(cost)))}


def _percent(gain: Decimal, cost: Decimal) -> str:
    """With a real minus sign, or a plus, so that the direction does not hang on colour."""
    if not cost:
        return ""
    sign = "+" if gain > 0 else MINUS if gain < 0 else ""
    return f"{sign}{abs(gain / cost * 100):,.1f}%"
