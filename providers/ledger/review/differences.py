"""Differences between two words of one source about one row."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol, TypedDict

from providers.ledger.money import plain, plain_number
from providers.records import TransactionRecord

_FIELDS = (
    *("status", "date", "amount", "currency", "description", "kind", "category", "posted_at"),
    *("quantity", "price", "fees"),
)
_MONEY = ("amount", "fees")


class Change(TypedDict):
    """A field before and after, as text; null where nothing was said."""

    field: str
    before: str | None
    after: str | None


class Said(Protocol):
    """An observation with its record, which is None where its block cannot be read any more."""

    record: TransactionRecord | None


def differences(earlier: Said, later: Said) -> Sequence[Change]:
    """The fields that differ, in the order in which people read them."""
    one, other = earlier.record, later.record
    if one is None or other is None:
        return ()
    return [
        {"field": name, "before": _text(one, name), "after": _text(other, name)}
        for name in _FIELDS
        if getattr(one, name) != getattr(other, name)
    ]


def _text(record: TransactionRecord, name: str) -> str | None:
    value: Any = getattr(record, name)
    if value is None:
        return None
    if isinstance(value, Decimal):
        return plain(value, record.currency) if name in _MONEY else plain_number(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
