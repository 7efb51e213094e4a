"""Transactions as they are shown: their kind in words, and what was traded."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from dashtam.templatetags.formats import money_text, quantity_text
from providers.pages import words

Row = dict[str, Any]


def shown(transactions: Iterable[Row], accounts: Iterable[Row] = ()) -> list[Row]:
    """Each transaction with `kind_name`, `detail`, and `account_name` if its account is among `accounts`."""
    names = {account["id"]: account["name"] for account in accounts}
    return [
        row
        | {
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
