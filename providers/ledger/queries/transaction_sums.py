"""Reads about many transactions at once: how many match and their sums, and the choices that filters offer."""

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

_CHOICES = """
SELECT account.id, account.name, account.mask FROM providers_financialaccount AS account
LEFT JOIN providers_accountdoor AS door ON door.account_id = account.id
WHERE account.user_id = %(user)s AND door.account_id IS NULL
UNION ALL
SELECT NULL, category, '' FROM (
    SELECT DISTINCT category FROM providers_transaction WHERE user_id = %(user)s
) AS used
"""


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
    """Accounts by name, and the codes of categories; "" stands for transactions without one."""

    accounts: list[AccountChoice]
    categories: list[str]


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


async def filter_choices(user_id: UUID, /) -> FilterChoices:
    """The accounts and categories that the person's transactions can be filtered by."""
    return await run_db(_choices, user_id)


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


def _choices(user_id: UUID) -> FilterChoices:
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, {"user": user_id})
        rows = cursor.fetchall()
    accounts: list[AccountChoice] = [
        {"id": account_id, "name": name, "mask": mask}
        for account_id, name, mask in rows
        if account_id is not None
    ]
    accounts.sort(key=lambda account: (account["name"].casefold(), account["mask"], account["id"]))
    return {"accounts": accounts, "categories": [name for account_id, name, _ in rows if account_id is None]}
