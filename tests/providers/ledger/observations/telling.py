"""Short forms for statements of an invented source."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from providers.ledger.identity.records import Cover, Grade
from providers.ledger.observations.statements import Observer, Statement
from providers.records import TransactionRecord

FEED = Observer("feed", "bank", "corpus")
FILES = Observer("file", "csv", "files", Grade.NONE)


def told(id: str, day: int, amount: str, text: str = "Kiosk", **fields: Any) -> TransactionRecord:
    """A row of a day of May."""
    given: dict[str, Any] = {"posted_at": None, "status": "posted", "currency": "EUR", "kind": "purchase"}
    return TransactionRecord(
        id=id, date=date(2026, 5, day), amount=Decimal(amount), description=text, **(given | fields)
    )


def stated(
    *rows: TransactionRecord, hour: int = 0, window: tuple[int, int] | None = None, **more: Any
) -> Statement:
    """A statement of these rows, of May's days as its window."""
    covers = [Cover(date(2026, 5, window[0]), date(2026, 5, window[1]))] if window else []
    return Statement(rows, covers=covers, at=datetime(2026, 6, 1, hour, tzinfo=UTC), **more)


def ledger(*, ids: bool = True) -> list[Any]:
    """All transactions; without their ids, as what a person sees."""
    columns = "t.*" if ids else "date, status, amount, currency, description, note, category"
    order = "ORDER BY date, amount, description, id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM providers_transaction t {order}")  # noqa: S608
        return list(cursor.fetchall())
