"""Reads about many transactions at once: how many match and their sums, and the choices that filters offer."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Sum

from dashtam import limits
from dashtam.bridge.doors import run_db
from providers.ledger.models import Transaction
from providers.ledger.observations.models import LedgerSettings
from providers.ledger.queries.transactions import SEARCHES, UNFILTERED, TransactionFilters

_ACCOUNTS = """
SELECT account.id, account.name, account.mask, 0, NULL::numeric FROM providers_financialaccount AS account
LEFT JOIN providers_accountdoor AS door ON door.account_id = account.id
WHERE account.user_id = %(user)s AND door.account_id IS NULL
UNION ALL
"""
_CHOICES = f"""{_ACCOUNTS}
SELECT NULL, category, '', 0, NULL FROM (
    SELECT DISTINCT category FROM providers_transaction WHERE user_id = %(user)s
) AS used
"""  # noqa: S608 - both parts are constants
# One walk through the rows for both: they are many, and the page of all transactions needs both.
_CHOICES_AND_SUMS = f"""{_ACCOUNTS}
SELECT NULL, category, currency, count(*) FILTER (WHERE counted), sum(amount) FILTER (WHERE counted) FROM (
    SELECT category, currency, amount, status <> 'pending' OR NOT EXISTS (
        SELECT FROM providers_ledgersettings WHERE user_id = %(user)s AND NOT count_pending
    ) AS counted
    FROM providers_transaction WHERE user_id = %(user)s
) AS used GROUP BY GROUPING SETS ((category), (currency))
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


class FilterChoices(TypedDict):
    """Accounts by name, and the codes of categories; "" stands for transactions without one.

    `sums` are those of all transactions, as `sums` gives them; None where they were not asked for.
    """

    accounts: list[AccountChoice]
    categories: list[str]
    sums: list[CurrencySum] | None


async def sums(
    user_id: UUID, /, filters: TransactionFilters = UNFILTERED, *, account_id: UUID | None = None
) -> list[CurrencySum]:
    """The sums of all transactions that match, by currency; of pending ones if these count for the person.

    Raises TooManyRequests, as `transactions` does.
    """
    if not filters.q:
        return await run_db(_sums, user_id, filters, account_id)
    async with limits.concurrent("search", user_id, at_most=SEARCHES, seconds=15):
        return await run_db(_sums, user_id, filters, account_id)


async def filter_choices(user_id: UUID, /, *, with_sums: bool = False) -> FilterChoices:
    """The accounts and categories that the person's transactions can be filtered by, and sums without a filter."""
    return await run_db(_choices, user_id, with_sums)


def _sums(user_id: UUID, filters: TransactionFilters, account_id: UUID | None) -> list[CurrencySum]:
    rows = Transaction.objects.filter(user_id=user_id)
    if filters.status != Transaction.Status.PENDING:  # who looks for them wants to see them
        off = LedgerSettings.objects.filter(user_id=user_id, count_pending=False)
        rows = rows.exclude(Exists(off), status=Transaction.Status.PENDING)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    by_currency = filters.find(rows, user_id).values("currency").order_by("currency")
    return [
        {"currency": row["currency"], "count": row["count"], "total": row["total"]}
        for row in by_currency.annotate(count=Count("id"), total=Sum("amount"))
    ]


def _choices(user_id: UUID, with_sums: bool) -> FilterChoices:  # noqa: FBT001 - by position, through run_db
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES_AND_SUMS if with_sums else _CHOICES, {"user": user_id})
        rows = cursor.fetchall()
    accounts: list[AccountChoice] = [
        {"id": account_id, "name": name, "mask": mask} for account_id, name, mask, *_ in rows if account_id
    ]
    accounts.sort(key=lambda account: (account["name"].casefold(), account["mask"], account["id"]))
    used = [row[1:] for row in rows if row[0] is None]
    return {
        "accounts": accounts,
        "categories": [category for category, *_ in used if category is not None],
        "sums": _by_currency(used) if with_sums else None,
    }


def _by_currency(used: Iterable[tuple[str | None, str, int, Decimal]]) -> list[CurrencySum]:
    """The sums of currencies, without those of categories."""
    found: list[CurrencySum] = [
        {"currency": currency, "count": count, "total": total}
        for category, currency, count, total in used
        if category is None and count
    ]
    return sorted(found, key=lambda each: each["currency"])
