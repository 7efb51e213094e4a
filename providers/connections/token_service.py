"""TokenService: fresh access tokens, with one refresh at a time over all processes, and no token lost.

Institutions that rotate refresh tokens end the whole consent when an old one comes back (RFC 9700 §4.14). So the right
to refresh is a lease in the row itself; the intent is written down before the call, which no client that hangs up cuts
short; and its result is stored in one statement guarded by the row's version.
"""

import asyncio
import functools
import logging
from uuid import UUID, uuid4

from django.utils import timezone

from dashtam.bridge.doors import keep_running, run_db, run_db_at_last
from dashtam.bridge.per_loop import PerLoop
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field
from dashtam.errors import DecryptionFailed
from dashtam.telemetry import metrics
from notifications.services.live_event_service import LiveEventService
from providers import connectors
from providers.connections.grants import Rest, joined, merged, opened_rest, revocation_of, sealed
from providers.connections.models import Connection, PendingRevocation, ProviderToken
from providers.connections.outgoing import require_outgoing
from providers.connections.spool import Spooled, TokenSpool
from providers.connectors.contract.reach import reach
from providers.errors import (
    AnswerLost,
    ConsentEnded,
    OutcomeUnknown,
    ProviderNotConfigured,
    ProviderUnavailable,
    ProviderUnreadable,
)
from providers.wire.grants import ACCESS, REFRESH, Grant
from providers.wire.oauth import TokenResponse

logger = logging.getLogger(__name__)

WAIT_SECONDS = 15.0

Running = dict[UUID, asyncio.Task[str]]
_refreshes: PerLoop[Running] = PerLoop(dict)


class TokenService:
    """Hands out access tokens. All methods raise ProviderErrors and DecryptionFailed."""

    def __init__(
        self, *, encryption: EncryptionService, live_events: LiveEventService, spool: TokenSpool
    ) -> None:
        self.encryption = encryption
        self.spool = spool
        self.live_events = live_events

    async def store_tokens(self, *, connection_id: UUID, tokens: TokenResponse) -> None:
        """Store the tokens of a new consent in place of earlier ones."""
        fields = sealed(self.encryption, connection_id, tokens.grant())
        await run_db(ProviderToken.objects.replace, connection_id=connection_id, sealed=fields)

    async def get_access_token(self, *, connection_id: UUID) -> str:
        """A token with some life ahead of it; refreshed first if need be."""
        token = await self._read(connection_id)
        if token.is_fresh(timezone.now()):
            return await self._open(token, "access_token")
        return await self._refreshed(token)

    async def get_grant(self, *, connection_id: UUID) -> Grant:
        """The grant for a request, without its refresh token; renewed first if need be."""
        token = await self._read(connection_id)
        if not token.is_fresh(timezone.now()):
            await self._refreshed(token)
            token = await self._read(connection_id)
        return await self._usable(token)

    async def renewed(self, *, connection_id: UUID, stale: Grant, reason: str = "") -> Grant:
        """A grant other than `stale`, which the provider has just refused. Raises ConsentEnded where there is none.

        `reason` is the provider's own word for it, as the code of a ConsentEnded.
        """
        token = await self._read(connection_id)
        current = await self._usable(token)
        if current.secrets != stale.secrets:
            return current
        await self._require_renewable(token, reason)
        await self._refreshed(token)
        return await self._usable(await self._read(connection_id))

    async def refused(self, *, connection_id: UUID, grant: Grant, reason: str = "") -> None:
        """End the consent, because the provider refuses even the grant that has just been renewed."""
        token = await self._read(connection_id)
        if (await self._usable(token)).secrets == grant.secrets:
            reason = reason or "consent_ended"
            await self._end(token, reason)

    async def origin(self, *, connection_id: UUID) -> str:
        """The address that the grant itself names, or nothing."""
        return (await self._rest(await self._read(connection_id))).origin

    async def refresh_token(self, *, connection_id: UUID, stale: str | None) -> str:
        """A token other than `stale`, which the provider has just refused."""
        token = await self._read(connection_id)
        if stale is not None and (current := await self._open(token, "access_token")) != stale:
            return current
        return await self._refreshed(token)

    async def _read(self, connection_id: UUID) -> ProviderToken:
        """The row with its connection. Raises ConsentEnded unless the connection lives."""
        token = await run_db(ProviderToken.objects.of, connection_id)
        if token is None:
            raise ConsentEnded
        if token.connection.state not in Connection.SYNCABLE:
            reason = token.connection.state_reason
            raise OutcomeUnknown if reason == "outcome_unknown" else ConsentEnded(code=reason)
        return token

    async def _open(self, token: ProviderToken, column: str) -> str:
        try:
            return open_field(self.encryption, token, column).decode()
        except DecryptionFailed as error:
            await run_db(ProviderToken.objects.note_unreadable, token, column, error.code)
            raise

    async def _rest(self, token: ProviderToken) -> Rest:
        try:
            return opened_rest(self.encryption, token)
        except DecryptionFailed as error:
            await run_db(ProviderToken.objects.note_unreadable, token, "secrets", error.code)
            raise

    async def _usable(self, token: ProviderToken) -> Grant:
        access = await self._open(token, "access_token")
        return joined({ACCESS: access}, token, await self._rest(token))

    async def _refreshed(self, token: ProviderToken) -> str:
        """Join the refresh under way in this process, or start one. Cancelling a caller does not end it."""
        running = _refreshes.get()
        task = running.get(token.connection_id)
        if task is None:
            task = running[token.connection_id] = keep_running(self._refresh(token))
            task.add_done_callback(lambda _: running.pop(token.connection_id, None))
        else:
            metrics.refresh("joined")
        return await asyncio.shield(task)

    async def _refresh(self, token: ProviderToken) -> str:
        await self._require_renewable(token)
        await require_outgoing()
        if await self.spool.recover(token.connection_id, token.version):
            return await self._open(await self._read(token.connection_id), "access_token")
        lease_id = uuid4()
        claimed = await run_db(
            ProviderToken.objects.claim,
            connection_id=token.connection_id,
            version=token.version,
            lease_id=lease_id,
        )
        if not claimed:
            return await self._joined(token)
        token = await self._read(token.connection_id)
        try:
            grant = await self._asked(token, lease_id)
        except ConsentEnded as error:
            return await self._after_refusal(token, error)
        return await self._stored(token, grant)

    async def _require_renewable(self, token: ProviderToken, told: str = "") -> None:
        """Raises ConsentEnded, and ends the consent, where only its person can give access again."""
        connector = connectors.CONNECTORS.get(token.connection.provider)
        if token.refresh_token is not None or connector is None:
            return
        if connector.renewable(await self._usable(token)):
            return
        tokens_only = connector.auth == "oauth2" or not token.is_fresh(timezone.now())
        reason = "consent_expired" if tokens_only else "consent_ended"
        if told not in ("", ConsentEnded.code):
            reason = told
        await self._end(token, reason)
        raise ConsentEnded(code=reason)

    async def _asked(self, token: ProviderToken, lease_id: UUID) -> Grant:
        """Ask the provider. A clear refusal keeps the lease, everything else gives it back."""
        try:
            connector = connectors.get(token.connection.provider)
            if not connector.configured:
                raise ProviderNotConfigured
            grant = await self._whole(token)
            return merged(grant, await connector.renew(functools.partial(reach, connector), grant))
        except ConsentEnded:
            raise
        except (AnswerLost, ProviderUnreadable):
            metrics.refresh("unanswered")
            # The token may be rotated. Without the new one the consent is lost anyway, so the next attempt
            # tries the old one again; only a clear refusal then ends it, as "outcome unknown".
            await self._release(token, lease_id, outcome_known=False)
            raise
        except Exception:
            metrics.refresh("failed")
            await self._release(token, lease_id, outcome_known=True)
            raise

    async def _whole(self, token: ProviderToken) -> Grant:
        """The grant as a renewal needs it."""
        if token.refresh_token is None:
            return await self._usable(token)
        return joined({REFRESH: await self._open(token, "refresh_token")}, token, await self._rest(token))

    async def _after_refusal(self, token: ProviderToken, error: ConsentEnded) -> str:
        """Use newer tokens if another process has stored some meanwhile; else end the consent."""
        current = await self._read(token.connection_id)
        if current.version != token.version:
            return await self._open(current, "access_token")
        reason = token.refusal(timezone.now())
        metrics.refresh("lost" if reason == "outcome_unknown" else "refused")
        await self._end(token, reason)
        raise OutcomeUnknown if reason == "outcome_unknown" else ConsentEnded(code=reason) from error

    async def _stored(self, token: ProviderToken, grant: Grant) -> str:
        """Store the new grant, which exists only here: waits for a database that is away; a copy is in the spool."""
        fields = sealed(self.encryption, token.connection_id, grant)
        stored = await self.spool.store(Spooled(token.connection_id, token.version, fields))
        metrics.refresh("refreshed" if stored else "overtaken")
        if stored:
            return grant.secrets.get(ACCESS, "")
        if not await run_db(ProviderToken.objects.filter(connection_id=token.connection_id).exists):
            # The person has disconnected meanwhile, and only the tokens of before the refresh were revoked.
            revocation = revocation_of(self.encryption, token.connection.provider, grant)
            await run_db_at_last(PendingRevocation.objects.queue, revocation)
        return await self._open(await self._read(token.connection_id), "access_token")

    async def _joined(self, token: ProviderToken) -> str:
        """Wait for the process that holds the lease. Raises ProviderUnavailable if it brings no token."""
        loop, pause = asyncio.get_running_loop(), 0.03
        end = loop.time() + WAIT_SECONDS
        while loop.time() < end:
            current = await self._read(token.connection_id)
            if current.version != token.version:
                metrics.refresh("joined")
                return await self._open(current, "access_token")
            if current.lease_id is None:
                break
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, 0.25)
        raise ProviderUnavailable(retry_after=5)

    async def _end(self, token: ProviderToken, reason: str) -> None:
        """Stop the connection and mail its person, once, however many processes notice."""
        ended = await run_db(
            Connection.objects.end_consent,
            id=token.connection_id,
            state=Connection.ended_by(reason),
            reason=reason,
            token_version=token.version,
        )
        if ended is not None:
            await self.live_events.publish(
                user_id=ended.user_id, type="connection.changed", connection_id=ended.id, state=ended.state
            )

    async def _release(self, token: ProviderToken, lease_id: UUID, *, outcome_known: bool) -> None:
        await run_db(
            ProviderToken.objects.release,
            connection_id=token.connection_id,
            lease_id=lease_id,
            outcome_known=outcome_known,
        )
