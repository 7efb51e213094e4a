"""The sheets of a person's export: accounts, balances, holdings and transactions as people read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounts.export.archive import plain
from accounts.export.tables import Sheet
from providers.connectors import name_of
from providers.ledger import money
from providers.pages import words


def _account_of(row: Mapping[str, Any], prefix: str = "account__") -> tuple[str, ...]:
    """The institution, the account's name, and the end of its number."""
    institution = name_of(row[f"{prefix}connection__provider"])
    return plain(institution), plain(row[f"{prefix}name"]), plain(row[f"{prefix}mask"])


def _money(amount: Decimal | None, currency: str) -> str:
    """An amount with its currency's own decimals; empty where there is none."""
    return money.plain(amount, currency) or ""


def _number(number: Decimal | None) -> str:
    return money.plain_number(number) or ""


def _moment(moment: datetime | None) -> str:
    """A moment in UTC to the minute, as spreadsheets read it; empty where there is none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""


ACCOUNT = ("Institution", "Account", "Number ends in")
ACCOUNT_COLUMNS = ("account__connection__provider", "account__name", "account__mask")

ACCOUNTS = Sheet(
    headings=(*ACCOUNT, "Type", "Balance", "Available", "Limit", "Currency", "As of (UTC)", "Closed (UTC)"),
    reads=(
        *("connection__provider", "name", "mask", "type", "currency"),
        *("balance_current", "balance_available", "balance_limit", "balance_as_of", "closed_at"),
    ),
    line=lambda row: (
        *_account_of(row, ""),
        plain(words.TYPES[row["type"]][0] if row["type"] in words.TYPES else row["type"]),
        _money(row["balance_current"], row["currency"]),
        _money(row["balance_available"], row["currency"]),
        _money(row["balance_limit"], row["currency"]),
        row["currency"],
        _moment(row["balance_as_of"]),
        _moment(row["closed_at"]),
    ),
    order=("connection__provider", "name", "pk"),
)

BALANCES = Sheet(
    headings=("Date", *ACCOUNT, "Balance", "Available", "Limit", "Currency"),
    reads=("date", *ACCOUNT_COLUMNS, "current", "available", "limit", "account__currency"),
    line=lambda row: (
        row["date"].isoformat(),
        *_account_of(row),
        _money(row["current"], row["account__currency"]),
        _money(row["available"], row["account__currency"]),
        _money(row["limit"], row["account__currency"]),
        row["account__currency"],
    ),
    order=("account_id", "date"),
)

HOLDINGS = Sheet(
    headings=(
        *ACCOUNT,
        *("Symbol", "Security", "Quantity", "Price", "Value", "Cost of the whole position", "Currency"),
        "As of (UTC)",
    ),
    reads=(
        *(*ACCOUNT_COLUMNS, "security__symbol", "security__name", "quantity", "price"),
        *("market_value", "cost_basis", "currency", "as_of"),
    ),
    line=lambda row: (
        *_account_of(row),
        plain(row["security__symbol"]),
        plain(row["security__name"]),
        _number(row["quantity"]),
        _number(row["price"]),
        _money(row["market_value"], row["currency"]),
        _money(row["cost_basis"], row["currency"]),
        row["currency"],
        _moment(row["as_of"]),
    ),
    order=("account_id", "security__name", "pk"),
)

TRANSACTIONS = Sheet(
    headings=(
        *("Date", *ACCOUNT, "Description", "Category", "Kind", "Amount", "Currency", "Status", "Note"),
        *("Symbol", "Security", "Quantity", "Price", "Fees"),
    ),
    reads=(
        *(
            "date",
            *ACCOUNT_COLUMNS,
            "description",
            "category",
            "kind",
            "amount",
            "currency",
            "status",
            "note",
        ),
        *("security__symbol", "security__name", "quantity", "price", "fees"),
    ),
    line=lambda row: (
        row["date"].isoformat(),
        *_account_of(row),
        plain(row["description"]),
        plain(words.category(row["category"])),
        plain(words.kind(row["kind"])),
        _money(row["amount"], row["currency"]),
        row["currency"],
        row["status"].capitalize(),
        plain(row["note"]),
        plain(row["security__symbol"] or ""),
        plain(row["security__name"] or ""),
        _number(row["quantity"]),
        _number(row["price"]),
        _money(row["fees"], row["currency"]),
    ),
    order=("date", "pk"),
)
