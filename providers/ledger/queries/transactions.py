"""Transactions, newest first."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, Q, QuerySet

from dashtam import errors, limits
from dashtam.api.keyset import after
from dashtam.api.paging import Listing, Page, cursor_at, listing
from dashtam.bridge.doors import run_db
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.money import padded, plain, plain_number
from providers.ledger.queries import hot
from providers.ledger.queries.accounts import require_account

SEARCHES = 2  # at once, for each person
_COLUMNS = (
    *("id", "account_id", "date", "posted_at", "status", "amount", "currency", "description", "kind"),
    *("security__symbol", "quantity", "price", "fees", "category", "note"),
)


@dataclass(frozen=True, slots=True)
class TransactionFilters:
    """Which transactions; both ends of days and amounts are included."""

    start: date | None = None
    end: date | None = None
    status: str = ""
    kind: str = ""
    q: str = ""
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None

    def apply(self, rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
        """Narrow the rows down."""
        wanted = {
            "date__gte": self.start,
            "date__lte": self.end,
            "status": self.status or None,
            "kind": self.kind or None,
            "amount__gte": self.min_amount,
            "amount__lte": self.max_amount,
        }
        rows = rows.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})
        if self.q:
            words = ("description", "note", "category", "security__symbol")
            rows = rows.filter(Q(*((f"{word}__icontains", self.q) for word in words), _connector=Q.OR))
        return rows


ANY = TransactionFilters()


async def transactions(
    user_id: UUID,
    filters: TransactionFilters = ANY,
    page: Page | None = None,
    *,
    account_id: UUID | None = None,
) -> Listing:
    """The person's transactions, or those of one account. Raises NotFound for an account that is not theirs.

    Looking for words reads them all: nobody may keep more than a few connections busy with it (TooManyRequests).
    """
    which = (user_id, filters, page or Page(), account_id)
    if not filters.q:
        return await run_db(_transactions, *which)
    async with limits.concurrent("search", user_id, at_most=SEARCHES, seconds=15):
        return await run_db(_transactions, *which)


async def transaction(user_id: UUID, transaction_id: UUID) -> dict[str, Any]:
    """One transaction. Raises NotFound."""
    return await run_db(_transaction, user_id, transaction_id)


def _transactions(user_id: UUID, filters: TransactionFilters, page: Page, account_id: UUID | None) -> Listing:
    if filters == ANY:
        found = [_whole(row) for row in hot.transactions(user_id, page, account_id)]
    else:
        found = [_row(row) for row in _filtered(user_id, filters, page, account_id)]
    if not found and account_id is not None:
        require_account(user_id, account_id)
    return listing(found, page, lambda row: (row["date"], row["id"]))


def _filtered(
    user_id: UUID, filters: TransactionFilters, page: Page, account_id: UUID | None
) -> QuerySet[Any, Any]:
    rows = Transaction.objects.filter(user_id=user_id)
    if account_id is not None:
        theirs = FinancialAccount.objects.filter(user_id=user_id, id=account_id)
        rows = Transaction.objects.filter(Exists(theirs), account_id=account_id)
    wanted: QuerySet[Any, Any] = after(
        filters.apply(rows), page, minus_date=date.fromisoformat, minus_id=UUID
    )
    return wanted.values(*_COLUMNS)[: page.limit + 1]


def _transaction(user_id: UUID, transaction_id: UUID) -> dict[str, Any]:
    row = Transaction.objects.filter(user_id=user_id, id=transaction_id).values(*_COLUMNS).first()
    if row is None:
        raise errors.NotFound
    return _row(row)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "date": row["date"],
        "posted_at": row["posted_at"],
        "status": row["status"],
        "amount": plain(row["amount"], currency),
        "currency": currency,
        "description": row["description"],
        "kind": row["kind"],
        "symbol": row["security__symbol"],
        "quantity": plain_number(row["quantity"]),
        "price": plain_number(row["price"]),
        "fees": plain(row["fees"], currency),
        "category": row["category"],
        "note": row["note"],
    }


def _whole(row: hot.Row) -> dict[str, Any]:
    row["amount"] = padded(row["amount"], row["currency"])
    row["fees"] = padded(row["fees"], row["currency"])
    return row


async def previous_transactions(
    user_id: UUID, filters: TransactionFilters, page: Page, *, account_id: UUID
) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first."""
    rows = filters.apply(Transaction.objects.filter(user_id=user_id, account_id=account_id))
    return await run_db(_previous, rows, page, "date", date.fromisoformat)


def _previous(rows: QuerySet[Any, Any], page: Page, column: str, parse: Any) -> str | None:
    """Walks back over as many rows as a page holds. The cursor has been read by the list's own query already."""
    if page.after is None:
        return None
    last, last_id = parse(page.after[0]), UUID(page.after[1])
    newer = rows.filter(**{f"{column}__gte": last}).exclude(**{column: last, "id__lt": last_id})
    found = newer.order_by(column, "id").values_list(column, "id")[page.limit : page.limit + 1]
    return next((cursor_at(key) for key in found), "")
