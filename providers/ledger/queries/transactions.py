"""Reads of transactions, newest first.

The unfiltered list is read by SQL, for the reasons named in `accounts`; filters, and single transactions, by
models. Both give the same columns in the same form to the same function.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict, cast
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Func, Q, QuerySet, TextField
from django.db.models.functions import Cast

from dashtam import errors, limits
from dashtam.api.keyset import after, beyond, previous_cursor
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from dashtam.bridge.plans import planned_for_its_values
from providers.ledger import details
from providers.ledger.details import TransactionDetails
from providers.ledger.models import FinancialAccount, Security, Transaction, grams
from providers.ledger.models.transaction import DETAILED, number_in
from providers.ledger.money import padded

SEARCHES = 2  # at once, for each person
NEWEST = 2000  # read before the index of words is asked
PART = 500
PARTS_SECONDS = 600

_TRANSACTIONS = """
SELECT t.id, t.account_id, t.date, t.posted_at AT TIME ZONE 'UTC', t.status, trim_scale(t.amount)::text, t.currency,
    t.description, t.kind, s.symbol, trim_scale(t.quantity)::text, trim_scale(t.price)::text,
    trim_scale(t.fees)::text, t.category, t.note, t.details::text
FROM providers_transaction AS t LEFT JOIN providers_security AS s ON s.id = t.security_id
WHERE """
_OF_ACCOUNT = (
    "t.account_id = %s AND EXISTS (SELECT FROM providers_financialaccount WHERE id = %s AND user_id = %s)"
)
_OF_PERSON = "t.user_id = %s"
_NEWEST_FIRST = " ORDER BY t.date DESC, t.id DESC LIMIT %s"
# The day as an expression, for what the index of words finds: that is sorted. By the column itself, PostgreSQL walks
# through all rows in their order where it takes the words for more common than they are.
_DAY = ExpressionWrapper(F("date") + timedelta(), output_field=DateTimeField())


def _digits(column: str) -> Cast:
    return Cast(Func(F(column), function="trim_scale"), TextField())


# The same columns in the same order, for models.
_COLUMNS = (
    *(
        "id",
        "account_id",
        "date",
        "posted_at",
        "status",
        _digits("amount"),
        "currency",
        "description",
        "kind",
    ),
    *("security__symbol", _digits("quantity"), _digits("price"), _digits("fees"), "category", "note"),
    Cast("details", TextField()),
)


class TransactionRow(TypedDict):
    """A transaction, decimals as text; a positive amount is money into the account."""

    id: UUID
    account_id: UUID
    date: date
    posted_at: datetime | None
    status: str
    amount: str
    currency: str
    description: str
    kind: str
    symbol: str | None
    quantity: str | None
    price: str | None
    fees: str | None
    category: str
    note: str
    details: TransactionDetails | None


_NAMES = tuple(TransactionRow.__annotations__)


@dataclass(frozen=True, slots=True)
class TransactionFilters:
    """Conditions on transactions; both ends of days and amounts are included.

    A `category` of "" finds the transactions without one.
    """

    start: date | None = None
    end: date | None = None
    status: str = ""
    kind: str = ""
    category: str | None = None
    q: str = ""
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None

    def apply(self, rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
        """Narrow the rows down, reading each: for words that match often, in the order of a list."""
        rows = self._without_words(rows)
        if not self.q:
            return rows
        return self._numbers(rows, self._words() | Q(security__symbol__icontains=self.q))

    def find(self, rows: QuerySet[Transaction], user_id: UUID) -> QuerySet[Transaction]:
        """Do the same by the index of words: for words that match seldom. Reads the symbols that match."""
        if len(self.q) < grams.SIZE:
            return self.apply(rows)
        named = list(Security.objects.filter(symbol__icontains=self.q).values_list("id", flat=True))
        indexed = Q(self._words(), grams__contains=grams.of_words(user_id, self.q))
        found = self._without_words(rows).alias(grams=grams.of_row())
        return self._numbers(found, indexed | Q(security__in=named), user=user_id)

    def _words(self) -> Q:
        texts = ("description", "note", "category")
        return Q(*((f"{text}__icontains", self.q) for text in texts), _connector=Q.OR)

    def _numbers(self, rows: QuerySet[Transaction], words: Q, **owner: UUID) -> QuerySet[Transaction]:
        """The rows that match the words, or have them as their check number or reference."""
        numbered = rows.alias(check_number=number_in("check_number"), reference=number_in("reference"))
        same = [Q(DETAILED, check_number=self.q, **owner), Q(DETAILED, reference=self.q, **owner)]
        return numbered.filter(Q(words, *same, _connector=Q.OR))

    def _without_words(self, rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
        wanted = {
            "date__gte": self.start,
            "date__lte": self.end,
            "status": self.status or None,
            "kind": self.kind or None,
            "category": self.category,
            "amount__gte": self.min_amount,
            "amount__lte": self.max_amount,
        }
        return rows.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


UNFILTERED = TransactionFilters()


async def transactions(
    user_id: UUID,
    /,
    filters: TransactionFilters = UNFILTERED,
    page: Page | None = None,
    *,
    account_id: UUID | None = None,
) -> Listing[TransactionRow]:
    """The person's transactions, or those of one account. Raises NotFound for an account that is not theirs.

    A search for words may read many, so each person may run SEARCHES at a time. Raises TooManyRequests.
    """
    which = (user_id, filters, page or Page(), account_id)
    if not filters.q:
        return await run_db(_transactions, *which)
    async with limits.concurrent("search", user_id, at_most=SEARCHES, seconds=15):
        return await run_db(_transactions, *which)


async def transaction(user_id: UUID, transaction_id: UUID, /) -> TransactionRow:
    """One transaction. Raises NotFound."""
    return await run_db(_transaction, user_id, transaction_id)


async def transactions_in_parts(
    user_id: UUID, /, filters: TransactionFilters = UNFILTERED, *, account_id: UUID | None = None
) -> AsyncIterator[Sequence[TransactionRow]]:
    """All transactions that match, PART at a time; between two parts no connection to the database is held.

    One at a time for each person. Raises NotFound and TooManyRequests, as `transactions` does, at the first part.
    """
    page: Page | None = Page(PART)
    async with limits.concurrent("parts", user_id, at_most=1, seconds=PARTS_SECONDS):
        while page is not None:
            found = await run_db(_transactions, user_id, filters, page, account_id)
            yield found.results
            last = found.results[-1] if found.next_cursor else None
            page = last and Page(PART, (last["date"].isoformat(), str(last["id"])))


async def previous_transactions(
    user_id: UUID, /, filters: TransactionFilters, page: Page, *, account_id: UUID | None = None
) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first."""
    rows = Transaction.objects.filter(user_id=user_id)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    return await run_db(_previous, user_id, filters, page, rows)


def _previous(
    user_id: UUID, filters: TransactionFilters, page: Page, rows: QuerySet[Transaction]
) -> str | None:
    order = _DAY if len(filters.q) >= grams.SIZE else None
    with planned_for_its_values():
        return previous_cursor(filters.find(rows, user_id), page, "date", date.fromisoformat, order=order)


def _transactions(
    user_id: UUID, filters: TransactionFilters, page: Page, account_id: UUID | None
) -> Listing[TransactionRow]:
    read = _all if filters == UNFILTERED else _filtered
    found = _rows(read(user_id, filters, page, account_id))
    if not found and account_id is not None:
        FinancialAccount.objects.currency_of(user_id=user_id, id=account_id)  # raises NotFound
    return listing(found, page, lambda row: (row["date"], row["id"]))


def _transaction(user_id: UUID, transaction_id: UUID) -> TransactionRow:
    found = Transaction.objects.filter(user_id=user_id, id=transaction_id).values_list(*_COLUMNS)
    for row in _rows(found):
        return row
    raise errors.NotFound


def _all(
    user_id: UUID, _: TransactionFilters, page: Page, account_id: UUID | None
) -> Iterable[tuple[Any, ...]]:
    seen, values = beyond(page, "(t.date, t.id) < (%s, %s)", date.fromisoformat, UUID)
    which, owners = (
        (_OF_PERSON, [user_id]) if account_id is None else (_OF_ACCOUNT, [account_id, account_id, user_id])
    )
    with connection.cursor() as cursor:
        cursor.execute(_TRANSACTIONS + which + seen + _NEWEST_FIRST, [*owners, *values, page.limit + 1])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _filtered(
    user_id: UUID, filters: TransactionFilters, page: Page, account_id: UUID | None
) -> Iterable[tuple[Any, ...]]:
    rows = Transaction.objects.filter(user_id=user_id)
    if account_id is not None:
        theirs = FinancialAccount.objects.filter(user_id=user_id, id=account_id)
        rows = Transaction.objects.filter(Exists(theirs), account_id=account_id)
    read = _beyond(filters.apply(rows), page).values_list(*_COLUMNS)
    if len(filters.q) < grams.SIZE:
        return read[: page.limit + 1]
    # What matches often fills a page soon, and the index would find too much of it: the NEWEST are read first.
    since = _beyond(rows, page).values_list("date", flat=True)[NEWEST : NEWEST + 1].first()
    with planned_for_its_values():
        newest = list((read if since is None else read.filter(date__gte=since))[: page.limit + 1])
        if since is None or len(newest) > page.limit:
            return newest
        found = _beyond(filters.find(rows, user_id), page).order_by(_DAY.desc(), "-id")
        return list(found.values_list(*_COLUMNS)[: page.limit + 1])


def _beyond(rows: QuerySet[Transaction], page: Page) -> QuerySet[Transaction]:
    return after(rows, page, minus_date=date.fromisoformat, minus_id=UUID)


def _rows(found: Iterable[tuple[Any, ...]]) -> list[TransactionRow]:
    rows = [cast("TransactionRow", dict(zip(_NAMES, columns, strict=True))) for columns in found]
    for row in rows:
        row["amount"] = padded(row["amount"], row["currency"])
        row["fees"] = padded(row["fees"], row["currency"])
        if row["posted_at"] is not None:
            row["posted_at"] = row["posted_at"].replace(tzinfo=UTC)
        if row["details"] is not None:
            row["details"] = details.decoded(cast("str", row["details"]), row["currency"])
    return rows
