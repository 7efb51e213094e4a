"""Roles of columns, and the phrases in headings that name them."""

from __future__ import annotations

from typing import Literal, cast, get_args

from providers.formats.csv.words import of_money, of_scripts, of_texts
from providers.formats.csv.words.plain import plain

Role = Literal[
    "date", "other_date", "amount", "net", "debit", "credit", "direction", "balance", "currency", "fee",
    "tax", "payee", "description", "kind", "state", "reference", "check_number", "account", "account_name",
    "symbol", "isin", "security", "quantity", "price", "original_amount", "original_currency",
    "exchange_rate", "asset", "ignore",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)


def phrases() -> dict[str, Role]:
    """Each phrase with its role. The longest phrase that is in a heading as whole words decides its role."""
    found: dict[str, Role] = {}
    for role, text in (*of_money.HEADINGS.items(), *of_texts.HEADINGS.items(), *of_scripts.HEADINGS.items()):
        for phrase in text.split(","):
            found.setdefault(plain(phrase), cast("Role", role))
    return found
