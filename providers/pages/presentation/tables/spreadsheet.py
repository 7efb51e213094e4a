"""Transactions as CSV (RFC 4180) for spreadsheets: a byte order mark, people's words, plain decimals."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from accounts.export.archive import plain
from providers.pages import words

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
COLUMNS = ("Date", "Account", "Description", "Category", "Kind", "Amount", "Currency", "Status", "Note")


def header() -> bytes:
    """The first line, with the mark by which spreadsheets know UTF-8."""
    return BOM + _lines([COLUMNS])


def lines(transactions: Iterable[Mapping[str, Any]], account_names: Mapping[Any, str]) -> bytes:
    """A line for each transaction. No text is one that a spreadsheet would take for a formula."""
    return _lines(_cells(each, account_names) for each in transactions)


def _cells(transaction: Mapping[str, Any], account_names: Mapping[Any, str]) -> tuple[str, ...]:
    return (
        transaction["date"].isoformat(),
        plain(account_names.get(transaction["account_id"], "")),
        plain(transaction["description"]),
        plain(words.category(transaction["category"])),
        plain(words.kind(transaction["kind"])),
        transaction["amount"],
        transaction["currency"],
        transaction["status"].capitalize(),
        plain(transaction["note"]),
    )


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
