"""Transactions with their kinds and details in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashtam.ui.formats import money_text, quantity_text
from providers.pages import words


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction in words. `account_name` is empty where the page is about one account.

    `category` is empty where there is none, or where it says the same as the kind.
    """

    transaction: Mapping[str, Any]
    kind_name: str
    category: str
    detail: str
    account_name: str


def transaction_rows(
    transactions: Iterable[Mapping[str, Any]], accounts: Iterable[Mapping[str, Any]] = ()
) -> list[TransactionRow]:
    """The transactions in their order, with the names of those of their accounts that are given."""
    names = {account["id"]: account["name"] for account in accounts}
    return [
        TransactionRow(
            transaction=each,
            kind_name=words.kind(each["kind"]),
            category=_category(each),
            detail=detail(each),
            account_name=names.get(each["account_id"], ""),
        )
        for each in transactions
    ]


def _category(transaction: Mapping[str, Any]) -> str:
    category = words.category(transaction["category"])
    return "" if category == words.kind(transaction["kind"]) else category


def detail(transaction: Mapping[str, Any]) -> str:
    """`12 VTI at $244.10 · fees $1.00`, as far as it is known."""
    parts = [_traded(transaction), *_details(transaction)]
    if transaction["fees"] is not None and Decimal(transaction["fees"]):
        parts.append(f"fees {money_text(transaction['fees'], transaction['currency'])}")
    return " · ".join(part for part in parts if part)


def _details(transaction: Mapping[str, Any]) -> list[str]:
    """`Check 1042`, `€20.00 at 1.0834`, `tax $4.20` and what else few transactions have."""
    told = transaction["details"]
    if told is None:
        return []
    currency = transaction["currency"]
    parts = [f"Check {told['check_number']}"] if told["check_number"] else []
    if told["original_amount"]:
        rate = f" at {told['exchange_rate']}" if told["exchange_rate"] else ""
        parts.append(money_text(told["original_amount"], told["original_currency"] or currency) + rate)
    elif told["original_currency"]:
        parts.append(f"converted from {told['original_currency']}")
    if told["gross_amount"]:
        reinvested = transaction["kind"] == "reinvestment"
        parts.append(
            f"{money_text(told['gross_amount'], currency)} {'reinvested' if reinvested else 'moved'}"
        )
    if told["taxes"] and Decimal(told["taxes"]):
        parts.append(f"tax {money_text(told['taxes'], currency)}")
    if told["split"]:
        parts.append(f"split {told['split']}")
    return [*parts, f"reference {told['reference']}"] if told["reference"] else parts


def _traded(transaction: Mapping[str, Any]) -> str:
    if transaction["quantity"] is None:
        return transaction["symbol"] or ""
    price = f" at {_price(transaction)}" if transaction["price"] is not None else ""
    return f"{quantity_text(transaction['quantity'])} {transaction['symbol'] or 'units'}{price}"


def _price(transaction: Mapping[str, Any]) -> str:
    _, _, decimals = str(transaction["price"]).partition(".")
    places = max(2, min(len(decimals), 6))
    return money_text(transaction["price"], transaction["currency"], places=places)
