"""Which sessions count right now: asked on every request, so it must be quick, and true at once when one ends."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from accounts.models import ApiKey, Session
from accounts.models.session import cache_name
from accounts.principal import Principal
from accounts.services.ended_sessions import EndedSessions
from dashtam.bridge.doors import keep_running, run_db
from dashtam.cache import Cache
from dashtam.errors import ServiceBusy, Unauthorized
from dashtam.jobs.background import defer
from notifications.services.live_event_service import LiveEventService

PRINCIPAL_SECONDS = 30
MARK_SECONDS = 60  # longer than any request that may still hold an older answer

Ended = Sequence[Session | ApiKey] | None


class SessionService:
    """Knows who a session speaks for, and makes its end known everywhere."""

    def __init__(self, *, cache: Cache, live_events: LiveEventService, ended: EndedSessions) -> None:
        self.cache = cache
        self.ended = ended
        self.live_events = live_events

    async def principal(self, session_id: UUID) -> Principal | None:
        """Who the session speaks for, None once it has ended. Asks the cache first, the database if need be."""
        name = cache_name(session_id)
        principal = await self.cache.find(name, Principal)
        if principal is not None and await self.ended.has(session_id):
            return None
        if principal is None:
            with self.cache.finding_out(name):
                session = await run_db(Session.objects.seen, id=session_id)
                if session is None:
                    return None
                principal = _principal(session)
                # Only if nothing is there: the mark of a session that ended while we were reading must stay.
                await self.cache.add(name, principal, seconds=PRINCIPAL_SECONDS)
        return principal if principal.expires_at > time.time() else None

    async def principal_of_cookie(self, session_id: UUID, *, number: int) -> Principal | None:
        """Who a browser's session speaks for; None as well for a cookie that has been replaced."""
        principal = await self.principal(session_id)
        if principal is not None and principal.cookie != number:
            await self.forget([session_id])  # the cache may not have heard of the new cookie
            session = await run_db(Session.objects.seen, id=session_id)
            principal = _principal(session) if session is not None else None
        return principal if principal is not None and principal.cookie == number else None

    async def proved(self, *, session_id: UUID, factor: str) -> Session:
        """The session, whose person has just proved who they are; `factor` is the second one, if any.

        Raises Unauthorized when it has ended meanwhile.
        """
        session = await run_db(Session.objects.prove_again, id=session_id, factor=factor)
        if session is None:
            raise Unauthorized
        without = await run_db(Session.objects.make_stale, user_id=session.user_id) if factor else []
        await self.forget([session_id, *without])
        return session

    async def end(self, write: Callable[..., Ended], *which: Any, **what: Any) -> Ended:
        """Carry out a database write that ends sessions, and announce those that it returns.

        To the end, even if the client hangs up half-way: nothing may live on in the cache.
        """
        return await asyncio.shield(keep_running(self._end(write, which, what)))

    async def _end(self, write: Callable[..., Ended], which: tuple[Any, ...], what: dict[str, Any]) -> Ended:
        ended = await run_db(write, *which, **what)
        if ended and not await self._announce(ended):
            ids = [str(session.id) for session in ended]
            await run_db(defer, "accounts.tasks.announce_ended_sessions", session_ids=ids)
        return ended

    async def announce(self, *, session_ids: Sequence[UUID]) -> None:
        """Tell the cache and open pages of sessions and keys that ended. Raises ServiceBusy without a cache."""
        sessions = await run_db(list, Session.objects.filter(id__in=session_ids))
        keys = await run_db(list, ApiKey.objects.filter(id__in=session_ids))
        if not await self._announce([*sessions, *keys]):
            raise ServiceBusy()

    async def _announce(self, ended: Sequence[Session | ApiKey]) -> bool:
        """False if the cache is away, which may then come back still knowing them."""
        known = await self._forget([each.cache_name for each in ended])
        for each in ended:
            await self.live_events.publish(
                user_id=each.user_id, type="session.ended", session_id=str(each.id)
            )
        return known

    async def forget(self, session_ids: Iterable[UUID]) -> bool:
        """Make the next request of these sessions ask the database. False if the cache is away."""
        return await self._forget([cache_name(session_id) for session_id in session_ids])

    async def _forget(self, names: Sequence[str]) -> bool:
        return all([await self.cache.set(name, None, seconds=MARK_SECONDS) for name in names])


def _principal(session: Session) -> Principal:
    user = session.user
    return Principal(
        user_id=user.id,
        session_id=session.id,
        email=user.email,
        name=user.name,
        is_staff=user.is_staff,
        time_zone=user.time_zone,
        base_currency=user.base_currency,
        expires_at=min(session.expires_at, session.idle_expires_at).timestamp(),
        authenticated_at=session.authenticated_at.timestamp(),
        mfa=session.mfa,
        leaving_at=user.deletion_due_at.timestamp() if user.deletion_due_at else None,
        cookie=session.counter if session.kind == Session.Kind.BROWSER else 0,
    )
