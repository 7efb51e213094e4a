"""Live sessions and their principals, cached for every request, and ended everywhere at once."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from accounts.models import ApiKey, Session
from accounts.models.session import cache_name
from accounts.principal import Principal
from accounts.services.sessions.ended_sessions import EndedSessions
from dashtam.bridge.doors import keep_running, run_db
from dashtam.cache import Cache
from dashtam.errors import ServiceBusy, Unauthorized
from dashtam.jobs.background import defer
from notifications.services.live_event_service import LiveEventService

PRINCIPAL_SECONDS = 30
MARK_SECONDS = 60  # longer than any request that may still hold an older principal
HEARD_KEPT = 4096

_heard: dict[UUID, int] = {}  # what this process has noted lately

Ended = Sequence[Session | ApiKey] | None


class SessionService:
    """Finds the principals of sessions, and announces the end of sessions everywhere."""

    def __init__(self, *, cache: Cache, live_events: LiveEventService, ended: EndedSessions) -> None:
        self.cache = cache
        self.ended = ended
        self.live_events = live_events

    async def principal(self, session_id: UUID) -> Principal | None:
        """The principal of a session, None once it has ended. Asks the cache first, then the database."""
        name = cache_name(session_id)
        principal = await self.cache.find(name, Principal)
        if principal is not None and await self.ended.has(session_id):
            return None
        if principal is None:
            with self.cache.finding_out(name):
                session = await run_db(Session.objects.seen, id=session_id)
                if session is None:
                    return None
                principal = Principal.of_session(session)
                # Only if nothing is there: the mark of a session that ended while we were reading must stay.
                await self.cache.add(name, principal, seconds=PRINCIPAL_SECONDS)
        return principal if principal.expires_at > time.time() else None

    async def principal_of_cookie(self, session_id: UUID, *, number: int) -> Principal | None:
        """The principal of a browser's session; None as well for a cookie that has been replaced."""
        principal = await self.principal(session_id)
        if principal is not None and principal.cookie != number:
            await self.forget([session_id])  # the cache may not have heard of the new cookie
            session = await run_db(Session.objects.seen, id=session_id)
            principal = Principal.of_session(session) if session is not None else None
        return principal if principal is not None and principal.cookie == number else None

    async def hear(self, *, session_id: UUID, counter: int) -> None:
        """Note the first use of the access token that came with refresh token number `counter`."""
        if _heard.get(session_id, 0) >= counter:
            return  # the principal in the cache has an older number for some seconds more
        await run_db(Session.objects.hear, id=session_id, counter=counter)
        _heard[session_id] = counter
        if len(_heard) > HEARD_KEPT:
            del _heard[next(iter(_heard))]

    async def proved(self, *, session_id: UUID, factor: str) -> Session:
        """Note a fresh proof of identity and return the session; `factor` is the second one, if any.

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

        Runs to its end even if the client hangs up half-way: no ended session may stay in the cache.
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
        """Returns False if the cache is away: it may come back with the ended sessions in it."""
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
