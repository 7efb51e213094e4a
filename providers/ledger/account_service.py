"""AccountService: what people do with their accounts, and with what an ended connection has brought."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from dashtam import limits
from dashtam.bridge.doors import keep_running, run_db, run_db_long
from dashtam.cache import Cache
from notifications.services.live_event_service import LiveEventService
from providers.connections.models import DeletedAccount
from providers.connections.queries import CATALOGUE_KEY
from providers.ledger import by_hand
from providers.ledger.by_hand import NewAccount, Noted
from providers.ledger.models import FinancialAccount
from providers.ledger.models.account import AccountChanges
from providers.ledger.own_words import own_name

ACTS_BY_PERSON = limits.Limit("account acts by person", 120, 3600, told=True)  # each is an audit event


class AccountService:
    """Changes how accounts are shown and counted, and deletes accounts with all their rows."""

    def __init__(
        self,
        *,
        live_events: LiveEventService,
        cache: Cache,
        first_accounts: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self.live_events = live_events
        self.cache = cache
        self.first_accounts = first_accounts

    async def open(self, *, user_id: UUID, new: NewAccount, noted: Noted) -> UUID:
        """Open an account that its person keeps by hand; returns its id. Raises ValidationFailed, TooManyByHand."""
        named = replace(new, name=own_name(new.name))
        await limits.require((ACTS_BY_PERSON, user_id))
        account_id = await run_db(by_hand.open_account, user_id=user_id, new=named, noted=noted)
        await self.cache.delete(CATALOGUE_KEY.format(user_id=user_id))
        await self.first_accounts(user_id)
        await self.live_events.publish(user_id=user_id, type="account.changed", account_id=account_id)
        return account_id

    async def note_balance(self, *, user_id: UUID, account_id: UUID, noted: Noted) -> None:
        """Write down the balance of such an account. Raises NotFound, NotKeptByHand."""
        await limits.require((ACTS_BY_PERSON, user_id))
        await run_db(by_hand.note_balance, user_id=user_id, id=account_id, noted=noted)
        await self.live_events.publish(user_id=user_id, type="account.changed", account_id=account_id)

    async def change(self, *, user_id: UUID, account_id: UUID, changes: AccountChanges) -> None:
        """Rename, hide, leave out of net worth, or close an account.

        Raises NotFound, ValidationFailed, and AccountClosedByInstitution where it cannot be opened.
        """
        if (name := changes.get("name")) is not None:
            changes = {**changes, "name": own_name(name)}
        await limits.require((ACTS_BY_PERSON, user_id))
        await run_db(FinancialAccount.objects.change, user_id=user_id, id=account_id, changes=changes)
        await self.live_events.publish(user_id=user_id, type="account.changed", account_id=account_id)

    async def delete(self, *, user_id: UUID, account_id: UUID) -> None:
        """Delete an account with its transactions, balances and holdings. No sync brings it back. Raises NotFound."""
        await limits.require((ACTS_BY_PERSON, user_id))
        deleting = run_db_long(FinancialAccount.objects.delete_whole, user_id=user_id, id=account_id)
        await asyncio.shield(keep_running(deleting))
        await self.live_events.publish(user_id=user_id, type="account.deleted", account_id=account_id)

    async def erase_connection(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Delete a connection that has ended, with all that it has brought. Raises NotFound, ConnectionNotEnded."""
        await limits.require((ACTS_BY_PERSON, user_id))
        erasing = run_db_long(
            FinancialAccount.objects.erase_connection, user_id=user_id, connection_id=connection_id
        )
        await asyncio.shield(keep_running(erasing))
        await self.cache.delete(CATALOGUE_KEY.format(user_id=user_id))
        await self.live_events.publish(user_id=user_id, type="connection.erased", connection_id=connection_id)

    async def welcome_back(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Let the next sync bring the accounts of a connection that were deleted. Raises NotFound."""
        await limits.require((ACTS_BY_PERSON, user_id))
        await run_db(DeletedAccount.objects.forget, user_id=user_id, connection_id=connection_id)
