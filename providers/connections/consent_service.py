"""ConsentService: notices consents that expire, and revokes consents at the institution."""

import functools
import logging
from uuid import UUID

from django.utils import timezone

from dashtam.bridge.doors import run_db
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.errors import DecryptionFailed
from notifications.services.live_event_service import LiveEventService
from providers import connectors
from providers.connections.grants import to_revoke
from providers.connections.models import Connection, PendingRevocation
from providers.connections.outgoing import require_outgoing
from providers.connectors.contract.reach import reach
from providers.errors import ConsentEnded, ProviderError, ProviderRefused

logger = logging.getLogger(__name__)


class ConsentService:
    """Ends consents here when they expire, and at the institution when their person disconnects."""

    def __init__(self, *, encryption: EncryptionService, live_events: LiveEventService) -> None:
        self.encryption = encryption
        self.live_events = live_events

    async def review(self) -> int:
        """Mark the consents that expire soon, stop those that have expired. Returns how many changed."""
        now = timezone.now()
        if given_up := await run_db(PendingRevocation.objects.give_up_old, now):
            logger.warning("%d consents could not be ended at their institutions for a day.", given_up)
        over = Connection.objects.filter(state__in=Connection.SYNCABLE, consent_expires_at__lte=now)
        changed = 0
        async for connection_id in over.values_list("id", flat=True):
            changed += await self._stop(connection_id)
        return changed + await run_db(Connection.objects.note_expiring, now)

    async def revoke(self, *, revocation_id: UUID) -> None:
        """Revoke a consent at its institution. Raises ProviderErrors while another attempt makes sense."""
        revocation = await run_db(PendingRevocation.objects.filter(id=revocation_id).first)
        if revocation is None:
            return
        await require_outgoing()
        try:
            await self._revoke(revocation)
        except (ProviderError, DecryptionFailed) as error:
            revocation.attempts += 1
            final = isinstance(error, (ProviderRefused, ConsentEnded, DecryptionFailed))
            if not final and revocation.attempts < PendingRevocation.ATTEMPTS:
                await run_db(revocation.save, update_fields=["attempts"])
                raise
            logger.warning("A consent at %s could not be ended there: %s", revocation.provider, error.code)
        await run_db(revocation.delete)

    async def _stop(self, id: UUID) -> int:
        state, reason = Connection.State.REAUTH_REQUIRED, "consent_expired"
        ended = await run_db(Connection.objects.end_consent, id=id, state=state, reason=reason)
        if ended is None:
            return 0
        await self.live_events.publish(
            user_id=ended.user_id, type="connection.changed", connection_id=ended.id, state=ended.state
        )
        return 1

    async def _revoke(self, revocation: PendingRevocation) -> None:
        connector = connectors.CONNECTORS.get(revocation.provider)
        if connector is not None and connector.configured:
            await connector.revoke(
                functools.partial(reach, connector), to_revoke(self.encryption, revocation)
            )
