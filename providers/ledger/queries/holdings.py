"""What investment accounts hold."""

from typing import Any
from uuid import UUID

from dashtam.api.keyset import after, text
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers.ledger.models import Holding
from providers.ledger.money import plain, plain_number
from providers.ledger.queries.accounts import ALL, require_account

_SECURITY = ("symbol", "name", "type", "cusip", "isin")
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
    ),
    *(f"security__{name}" for name in _SECURITY),
)


async def holdings(user_id: UUID, page: Page = ALL, *, account_id: UUID | None = None) -> Listing:
    """The person's holdings by name, or those of one account. Raises NotFound for one that is not theirs."""
    return await run_db(_holdings, user_id, page, account_id)


def _holdings(user_id: UUID, page: Page, account_id: UUID | None) -> Listing:
    rows = Holding.objects.filter(account__user_id=user_id)
    if account_id is not None:
        require_account(user_id, account_id)
        rows = rows.filter(account_id=account_id)
    found = after(rows, page, security__name=text, id=UUID).values(*_COLUMNS)[: page.limit + 1]
    return listing([_row(row) for row in found], page, lambda row: (row["security"]["name"], row["id"]))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "security": {name: row[f"security__{name}"] for name in _SECURITY},
        "quantity": plain_number(row["quantity"]),
        "price": plain_number(row["price"]),
        "market_value": plain(row["market_value"], currency),
        "cost_basis": plain(row["cost_basis"], currency),
        "currency": currency,
        "as_of": row["as_of"],
        "fetched_at": row["fetched_at"],
    }
