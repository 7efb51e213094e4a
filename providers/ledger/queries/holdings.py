"""Reads of what investment accounts hold."""

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.utils.timezone import now

from dashtam.api.keyset import after, text
from dashtam.api.paging import ALL, Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.ledger.models import FinancialAccount, Holding
from providers.ledger.money import plain, plain_number

_COLUMNS = (
    *(
        "id",
        "account_id",
        "quantity",
        "price",
        "market_value",
        "cost_basis",
        "currency",
        "as_of",
        "fetched_at",
        "account__connection__provider",
    ),
    *("security__symbol", "security__name", "security__type", "security__cusip", "security__isin"),
)


class SecurityRow(TypedDict):
    """The security of a holding; what its provider does not tell is empty."""

    symbol: str
    name: str
    type: str
    cusip: str
    isin: str


class HoldingRow(TypedDict):
    """A holding, decimals as text; a short one has a negative quantity, `cost_basis` is of the whole holding.

    `source` is "feed", "file" or "person"; `stale` is true where that source should have had newer prices by now.
    """

    id: UUID
    account_id: UUID
    security: SecurityRow
    quantity: str
    price: str | None
    market_value: str | None
    cost_basis: str | None
    currency: str
    as_of: datetime
    fetched_at: datetime
    source: str
    stale: bool


async def holdings(
    user_id: UUID, /, page: Page = ALL, *, account_id: UUID | None = None
) -> Listing[HoldingRow]:
    """The person's holdings by name, or those of one account. Raises NotFound for one that is not theirs."""
    return await run_db(_holdings, user_id, page, account_id)


def _holdings(user_id: UUID, page: Page, account_id: UUID | None) -> Listing[HoldingRow]:
    rows = Holding.objects.filter(account__user_id=user_id, account__door=None)
    if account_id is not None:
        FinancialAccount.objects.currency_of(user_id=user_id, id=account_id)  # raises NotFound
        rows = rows.filter(account_id=account_id)
    found = after(rows, page, security__name=text, id=UUID).values(*_COLUMNS)[: page.limit + 1]
    return listing([_row(row) for row in found], page, lambda row: (row["security"]["name"], row["id"]))


def _row(row: Any) -> HoldingRow:
    currency, provider = row["currency"], row["account__connection__provider"]
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "security": {
            "symbol": row["security__symbol"],
            "name": row["security__name"],
            "type": row["security__type"],
            "cusip": row["security__cusip"],
            "isin": row["security__isin"],
        },
        "quantity": plain_number(row["quantity"]),
        "price": plain_number(row["price"]),
        "market_value": plain(row["market_value"], currency),
        "cost_basis": plain(row["cost_basis"], currency),
        "currency": currency,
        "as_of": row["as_of"],
        "fetched_at": row["fetched_at"],
        "source": connectors.source_of(provider),
        "stale": connectors.prices_overdue(provider, row["as_of"], now()),
    }
