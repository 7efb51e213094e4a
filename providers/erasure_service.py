"""The end of an account: consents are ended, and everything that was collected is deleted."""

import functools
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import models

from accounts.services.session_service import SessionService
from dashtam.bridge.doors import run_db
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.jobs.deletion import delete_in_parts
from providers.connections.consent_service import revocation_of_stored
from providers.connections.models import Connection
from providers.ledger.models import BalanceSnapshot, Transaction, WithdrawnTransaction

MANY: tuple[models.Manager[Any], ...] = (
    Transaction.objects,
    WithdrawnTransaction.objects,
    BalanceSnapshot.objects,
)


class ErasureService:
    """Deletes those whose days of grace are over. Killed half-way, it goes on where it was."""

    def __init__(self, *, encryption: EncryptionService, sessions: SessionService) -> None:
        self.encryption = encryption
        self.sessions = sessions

    async def erase_leavers(self) -> int:
        """Delete everybody who is due. Returns how many."""
        people = get_user_model().objects
        return sum([await self._erase(user_id) for user_id in await run_db(people.due_to_leave)])

    async def _erase(self, user_id: UUID) -> bool:
        hand_over = functools.partial(revocation_of_stored, self.encryption)
        connections = Connection.objects.filter(user_id=user_id).exclude(state=Connection.State.PENDING)
        for connection_id in await run_db(list, connections.values_list("id", flat=True)):
            await run_db(
                Connection.objects.disconnect, user_id=user_id, id=connection_id, hand_over=hand_over
            )
        for rows in MANY:
            await delete_in_parts(rows.filter(account__user_id=user_id))
        return await self.sessions.end(get_user_model().objects.erase, user_id=user_id) is not None
