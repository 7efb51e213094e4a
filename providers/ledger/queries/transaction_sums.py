"""Reads about many transactions at once: how many match and their sums, and the choices that filters offer."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from django.db import connection
from django.db.models import Exists

from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.bridge.plans import planned_for_its_values
from providers.ledger.models import Transaction
from providers.ledger.observations.models import LedgerSettings
from providers.ledger.queries.transactions import SEARCHES, UNFILTERED, TransactionFilters

# More rows than this are not added up for a page: a million take half a second of PostgreSQL. They are taken in the
# order of an index: without one, a plan for anybody's rows hopes to meet so many soon, and reads the whole table.
MOST_ADDED = 100_000
# The categories by the index of them, one step for each, however many rows there are.
_CHOICES = """
WITH RECURSIVE used AS (
    (SELECT category FROM providers_transaction WHERE user_id = %(user)s ORDER BY category LIMIT 1)
    UNION ALL
    SELECT (
        SELECT category FROM providers_transaction
        WHERE user_id = %(user)s AND category > used.category ORDER BY category LIMIT 1
    ) FROM used WHERE used.category IS NOT NULL
)
SELECT account.id, account.name, account.mask, 0, NULL::numeric FROM providers_financialaccount AS account
LEFT JOIN providers_accountdoor AS door ON door.account_id = account.id
WHERE account.user_id = %(user)s AND door.account_id IS NULL
UNION ALL
SELECT NULL, category, NULL, 0, NULL FROM used WHERE category IS NOT NULL
"""
_CHOICES_AND_SUMS = f"""{_CHOICES}
UNION ALL
SELECT NULL, NULL, currency, count(*), sum(amount) FROM (
    SELECT currency, amount FROM providers_transaction
    WHERE user_id = %(user)s AND (status <> 'pending' OR NOT EXISTS (
        SELECT FROM providers_ledgersettings WHERE user_id = %(user)s AND NOT count_pending
    ))
    ORDER BY date DESC, id DESC LIMIT %(most)s
) AS counted GROUP BY currency
"""  # noqa: S608 - both parts are constants


class CurrencySum(TypedDict):
    """The number and the sum of transactions in one currency."""

    currency: str
    count: int
    total: Decimal


class AccountChoice(TypedDict):
    """An account to choose."""

    id: UUID
    name: str
    mask: str


class Sums(TypedDict):
    """The sums by currency. If more than `MOST_ADDED` rows match, `too_many` is true and there are none."""

    by_currency: list[CurrencySum]
    too_many: bool


NOTHING: Sums = {"by_currency": [], "too_many": False}


class FilterChoices(TypedDict):
    """Accounts by name, and the codes of categories; "" stands for transactions without one.

    `sums` are those of all transactions, as `sums` gives them; None where they were not asked for.
    """

    accounts: list[AccountChoice]
    categories: list[str]
    sums: Sums | None


async def sums(
    user_id: UUID,
    /,
    filters: TransactionFilters = UNFILTERED,
    *,
    account_id: UUID | None = None,
    most: int = MOST_ADDED,
) -> Sums:
    """The sums of all transactions that match, by currency; of pending ones if these count for the person.

    More than `most` of them are not added up. Raises TooManyRequests, as `transactions` does.
    """
    if not filters.q:
        return await run_db(_sums, user_id, filters, account_id, most)
    async with limits.concurrent("search", user_id, at_most=SEARCHES, seconds=15):
        return await run_db(_sums, user_id, filters, account_id, most)


async def filter_choices(
    user_id: UUID, /, *, with_sums: bool = False, most: int = MOST_ADDED
) -> FilterChoices:
    """The accounts and categories that the person's transactions can be filtered by, and sums without a filter."""
    return await run_db(_choices, user_id, with_sums, most)


def _sums(user_id: UUID, filters: TransactionFilters, account_id: UUID | None, most: int) -> Sums:
    rows = Transaction.objects.filter(user_id=user_id)
    if filters.status != Transaction.Status.PENDING:  # who looks for them wants to see them
        off = LedgerSettings.objects.filter(user_id=user_id, count_pending=False)
        rows = rows.exclude(Exists(off), status=Transaction.Status.PENDING)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    rows = filters.find(rows, user_id)
    if not filters.q:  # words are found by an index of their own, all of them at once
        rows = rows.order_by("-date", "-id")[: most + 1]
    counted = rows.values("currency", "amount")
    sql, values = counted.query.sql_with_params()
    with planned_for_its_values(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT currency, count(*), sum(amount) FROM ({sql}) AS counted GROUP BY currency",  # noqa: S608 - Django's
            values,
        )
        return _added(cursor.fetchall(), most)


def _choices(user_id: UUID, with_sums: bool, most: int) -> FilterChoices:  # noqa: FBT001 - by position, through run_db
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES_AND_SUMS if with_sums else _CHOICES, {"user": user_id, "most": most + 1})
        rows = cursor.fetchall()
    accounts: list[AccountChoice] = [
        {"id": account_id, "name": name, "mask": mask} for account_id, name, mask, *_ in rows if account_id
    ]
    accounts.sort(key=lambda account: (account["name"].casefold(), account["mask"], account["id"]))
    used = [row[1:] for row in rows if row[0] is None]
    return {
        "accounts": accounts,
        "categories": [category for category, *_ in used if category is not None],
        "sums": _added(
            [(currency, count, total) for category, currency, count, total in used if category is None], most
        )
        if with_sums
        else None,
    }


def _added(rows: Iterable[tuple[str, int, Decimal]], most: int) -> Sums:
    """The sums of currencies, unless they are those of too many rows."""
    by_currency: list[CurrencySum] = [
        {"currency": currency, "count": count, "total": total} for currency, count, total in sorted(rows)
    ]
    too_many = sum(each["count"] for each in by_currency) > most
    return {"by_currency": [] if too_many else by_currency, "too_many": too_many}
