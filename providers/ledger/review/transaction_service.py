"""TransactionService: a person's own words on transactions, and rows that they hide, delete or bring back."""

from collections.abc import Mapping
from typing import TypedDict
from uuid import UUID

from dashtam.bridge.doors import run_db
from notifications.services.live_event_service import LiveEventService
from providers.ledger.observations import edits
from providers.ledger.observations.models import Edit
from providers.ledger.own_words import own_words
from providers.ledger.review import undoing

TEXTS = (Edit.Field.NOTE, Edit.Field.CATEGORY, Edit.Field.DESCRIPTION)


class Changes(TypedDict, total=False):
    """A person's changes of a transaction. None brings the feed's word back, an empty text is one of their own."""

    note: str | None
    category: str | None
    description: str | None
    hidden: bool | None


class TransactionService:
    """Lays edits over what the feed says; they outlive new ids, other sources and a rebuild of the ledger."""

    def __init__(self, *, live_events: LiveEventService) -> None:
        self.live_events = live_events

    async def change(self, *, user_id: UUID, transaction_id: UUID, changes: Changes) -> None:
        """Change words, or hide. Raises NotFound, ValidationFailed."""
        values = _values(changes)
        if values:
            await run_db(edits.change, user_id, transaction_id, values)
            await self._tell(user_id, transaction_id)

    async def delete(self, *, user_id: UUID, transaction_id: UUID) -> None:
        """Delete a transaction: its sources may go on stating it, it stays deleted. Raises NotFound."""
        await run_db(edits.change, user_id, transaction_id, {Edit.Field.DELETED: "yes"})
        await self._tell(user_id, transaction_id)

    async def bring_back(self, *, user_id: UUID, transaction_id: UUID) -> None:
        """Show a transaction again that was hidden or deleted. Raises NotFound."""
        values = {Edit.Field.DELETED: None, Edit.Field.HIDDEN: None}
        await run_db(edits.change, user_id, transaction_id, values)
        await self._tell(user_id, transaction_id)

    async def undo(self, *, user_id: UUID, transaction_id: UUID, entry: str) -> None:
        """Take back an entry of a transaction's history that says that it can be. Raises NotFound."""
        await run_db(undoing.undo_entry, user_id, transaction_id, entry)
        await self._tell(user_id, transaction_id)

    async def _tell(self, user_id: UUID, transaction_id: UUID) -> None:
        await self.live_events.publish(
            user_id=user_id, type="transaction.changed", transaction_id=transaction_id
        )


def _values(changes: Changes) -> dict[Edit.Field, str | None]:
    given: Mapping[str, object] = changes
    values: dict[Edit.Field, str | None] = {}
    for field in TEXTS:
        if field in given:
            text = given[field]
            values[field] = None if text is None else own_words(field, str(text))
    if "hidden" in given:
        values[Edit.Field.HIDDEN] = "yes" if given["hidden"] else None
    return values
