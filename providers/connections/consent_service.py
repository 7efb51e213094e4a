"""ConsentService: notices consents that expire, and revokes consents at the institution."""

import logging
from uuid import UUID

from django.utils import timezone

from dashtam.bridge.doors import run_db
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.errors import DecryptionFailed
from notifications.services.live_event_service import LiveEventService
from providers import connectors
from providers.connections.models import Connection, PendingRevocation, ProviderToken
from providers.connections.outgoing import require_outgoing
from providers.errors import ProviderError, ProviderRefused
from providers.wire import oauth
from providers.wire.oauth import TokenResponse
from providers.wire.oauth_server import OAuthServer

logger = logging.getLogger(__name__)


def revocation_of(encryption: EncryptionService, provider: str, tokens: TokenResponse) -> PendingRevocation:
    """The revocation of these tokens: that of a refresh token includes its access tokens (RFC 7009 §2.1)."""
    hint = "access_token" if tokens.refresh_token is None else "refresh_token"
    revocation = PendingRevocation(provider=provider, hint=hint)
    token = tokens.refresh_token or tokens.access_token
    revocation.token = seal_field(encryption, PendingRevocation, revocation.id, "token", token)
    return revocation


def revocation_of_stored(
    encryption: EncryptionService, provider: str, stored: ProviderToken
) -> PendingRevocation | None:
    """The same for stored tokens; None if they cannot be opened any more."""
    tokens = _opened(encryption, provider, stored)
    return None if tokens is None else revocation_of(encryption, provider, tokens)


def revocation_of_replaced(
    encryption: EncryptionService,
    server: OAuthServer,
    new: TokenResponse,
    provider: str,
    stored: ProviderToken,
) -> PendingRevocation | None:
    """The revocation of tokens that those of a new consent replace; None where both belong to one grant."""
    old = None if server.one_grant_per_person else _opened(encryption, provider, stored)
    if old is None or new.refresh_token == old.refresh_token is not None:
        return None
    return revocation_of(encryption, provider, old)


def _opened(encryption: EncryptionService, provider: str, stored: ProviderToken) -> TokenResponse | None:
    def opened(column: str) -> str | None:
        return None if getattr(stored, column) is None else open_field(encryption, stored, column).decode()

    try:
        return TokenResponse(opened("access_token") or "", opened("refresh_token"))
    except DecryptionFailed as error:
        logger.warning("A consent at %s cannot be ended there: %s", provider, error.code)
        return None


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
            final = isinstance(error, (ProviderRefused, DecryptionFailed))
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
            token = open_field(self.encryption, revocation, "token").decode()
            await oauth.revoke(connector.oauth, token=token, hint=revocation.hint)
