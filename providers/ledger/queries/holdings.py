"""Reads of what investment accounts hold."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

import msgspec
from django.utils.timezone import now

from dashtam.api.keyset import after, text
from dashtam.api.paging import ALL, Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.ledger.models import FinancialAccount, Holding
from providers.ledger.money import plain, plain_number, total
from providers.records import LotRecord

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


class LotRow(TypedDict):
    """Units that were bought together; what the institution does not tell is None, or "" as `id`.

    `price` was paid for one unit; `cost_basis` and `market_value` are of the whole lot.
    """

    id: str
    quantity: str | None
    price: str | None
    cost_basis: str | None
    market_value: str | None
    opened_on: date | None
    opened_at: datetime | None


class HoldingRow(TypedDict):
    """A holding, decimals as text; a short one has a negative quantity, `cost_basis` is of the whole holding.

    `source` is "feed", "file" or "person"; `stale` is true where that source should have had newer prices by now.
    `lots` is None where the institution tells none. `outside_lots` are the units of the holding that are in none of
    them, below zero if they have more, and `cost_outside_lots` is its cost less theirs: None where that is not known.
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
    lots: list[LotRow] | None
    outside_lots: str | None
    cost_outside_lots: str | None


async def holdings(
    user_id: UUID, /, page: Page = ALL, *, account_id: UUID | None = None, lots: bool = True
) -> Listing[HoldingRow]:
    """The person's holdings by name, or those of one account; without `lots`, as if none were told.

    Raises NotFound for an account that is not theirs.
    """
    return await run_db(_holdings, user_id, page, account_id, lots)


def _holdings(user_id: UUID, page: Page, account_id: UUID | None, lots: bool) -> Listing[HoldingRow]:  # noqa: FBT001
    rows = Holding.objects.filter(account__user_id=user_id, account__door=None)
    if account_id is not None:
        FinancialAccount.objects.currency_of(user_id=user_id, id=account_id)  # raises NotFound
        rows = rows.filter(account_id=account_id)
    found = after(rows, page, security__name=text, id=UUID).values(*_COLUMNS, *(("lots",) if lots else ()))
    found = found[: page.limit + 1]
    return listing([_row(row) for row in found], page, lambda row: (row["security"]["name"], row["id"]))


def _row(row: Any) -> HoldingRow:
    currency, provider = row["currency"], row["account__connection__provider"]
    lots = msgspec.convert(row.get("lots") or [], list[LotRecord])
    units = _outside(row["quantity"], [lot.quantity for lot in lots])
    cost = _outside(row["cost_basis"], [lot.cost_basis for lot in lots])
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
        "lots": [_lot(lot, currency) for lot in lots] or None,
        "outside_lots": plain_number(units),
        "cost_outside_lots": plain(cost, currency),
    }


def _lot(lot: LotRecord, currency: str) -> LotRow:
    return {
        "id": lot.id,
        "quantity": plain_number(lot.quantity),
        "price": plain_number(lot.price),
        "cost_basis": plain(lot.cost_basis, currency),
        "market_value": plain(lot.market_value, currency),
        "opened_on": lot.opened_on,
        "opened_at": lot.opened_at,
    }


def _outside(whole: Decimal | None, parts: Sequence[Decimal | None]) -> Decimal | None:
    """The whole less its parts; None without any, or where one of the numbers is not known."""
    known = [part for part in parts if part is not None]
    return None if whole is None or not parts or len(known) < len(parts) else whole - total(known)
