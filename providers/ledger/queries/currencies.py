"""The currencies of a person's accounts."""

from uuid import UUID

from providers.ledger.models import FinancialAccount


async def currencies(user_id: UUID, /) -> list[str]:
    """Each currency once, that of the oldest account first."""
    mine = FinancialAccount.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(dict.fromkeys([currency async for currency in mine.values_list("currency", flat=True)]))
