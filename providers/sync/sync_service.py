"""SyncService: reads connections from their providers page by page, and publishes the outcome."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from django.utils import timezone

from dashtam import errors, limits
from dashtam.bridge.database import is_outage
from dashtam.bridge.doors import keep_running, run_db, run_db_at_last
from dashtam.errors import DashtamError
from dashtam.installation.identity import Installation
from dashtam.limits import Limit
from dashtam.telemetry import metrics
from notifications.services.live_event_service import LiveEventService
from providers import connectors
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.batches import Batch, Wanted
from providers.errors import AskedToWait, ProviderRateLimited, ProviderTakesFiles
from providers.ledger.accounts.twins import ask_about_accounts
from providers.sync import presence, schedule
from providers.sync.account_by_account import AccountByAccount
from providers.sync.budget import Budget, Shares, within
from providers.sync.heartbeat import alive
from providers.sync.models import SyncInterrupted, SyncRun
from providers.sync.outcome import Outcome
from providers.sync.pull import Pull
from providers.wire import pauses
from providers.wire.http import Client

DUE_AT_ONCE = 500
MOST_NOTICES = 50  # of one run, the most frequent
BY_HAND = Limit("sync by hand", 30, 600, told=True)
State = SyncRun.State
NOBODY: Mapping[str, str] = MappingProxyType({})


class OpenClient(Protocol):
    """Opens an authorised client for a connection."""

    def __call__(
        self, connection: Connection, connector: Connector, *, by_hand: bool
    ) -> AbstractAsyncContextManager[Client]: ...


class ConnectionNotSyncable(errors.Conflict):
    """The connection is not linked yet, needs its person, or is disconnected."""

    code = "connection_not_syncable"
    title = "This connection cannot be synced."
    detail = "Reconnect it first; everything collected so far stays."


class SyncService:
    """Queues runs and carries them out. `open_client` opens an authorised client for a connection.

    `first_accounts` is called with the person's id when a connection has brought its first accounts.
    """

    def __init__(
        self,
        *,
        connector: Callable[[str], Connector],
        open_client: OpenClient,
        live_events: LiveEventService,
        interval: timedelta,
        first_accounts: Callable[[UUID], Awaitable[None]],
        budget: Budget = Budget(),  # noqa: B008 frozen
    ) -> None:
        self.connector = connector
        self.open_client = open_client
        self.live_events = live_events
        self.interval = interval
        self.first_accounts = first_accounts
        self.budget = budget

    async def request_sync(
        self, *, user_id: UUID, connection_id: UUID, trigger: str, present: Mapping[str, str] = NOBODY
    ) -> SyncRun:
        """The run that will bring the person's connection up to date; asked twice, the same one.

        Raises NotFound, ConnectionNotSyncable, and by hand TooManyRequests: for as long as the provider has asked for,
        which our own back-off (`next_sync_at`) does not prolong, or after BY_HAND requests of the person. `present` are
        the address and agent of the person's browser while they wait: some institutions ask for them.
        """
        wait = 0
        if trigger == SyncRun.Trigger.MANUAL:
            await limits.require((BY_HAND, user_id))
            wait = await pauses.seconds_left(pauses.of_connection(connection_id))
        run = await run_db(_request, user_id, connection_id, trigger, wait)
        await presence.note(run.id, present)
        return run

    async def schedule_due(self) -> int:
        """Queue the runs that are due, and end or requeue those that got lost. Returns how many are new.

        Where this database is a copy, none are queued.
        """
        now = timezone.now()
        for run in await run_db(lambda: list(SyncRun.objects.stuck()[:DUE_AT_ONCE])):
            await self._finish(run, Outcome(error=SyncInterrupted()))
        await run_db(SyncRun.objects.queue_lost, now)
        if await run_db(Installation.objects.outgoing_paused):
            return 0
        queued = 0
        while batch := await run_db(SyncRun.objects.queue_due, now, limit=DUE_AT_ONCE):
            queued += batch
        return queued

    async def run(self, *, run_id: UUID) -> None:
        """Carry out a queued run; a second call for it does no work."""
        run = await run_db_at_last(
            SyncRun.objects.claim, run_id
        )  # a lost task is requeued only after minutes
        if run is None:
            return
        outcome = Outcome()
        try:
            async with alive(run):
                await self._sync(run, outcome)
        except DashtamError as error:
            outcome.error = error
        except asyncio.CancelledError:
            outcome.error = SyncInterrupted()
            await self._finish_surely(run, outcome)
            raise
        except Exception as error:
            # After an outage of the database whole pages stay, as after a stop.
            outcome.error = SyncInterrupted() if is_outage(error) else DashtamError()
            if not is_outage(error):
                await self._finish_surely(run, outcome)
                raise
        await self._finish_surely(run, outcome)

    async def _sync(self, run: SyncRun, outcome: Outcome) -> None:
        connector, started = self.connector(run.connection.provider), time.monotonic()
        before = [] if connector.pulls else await run_db(SyncRun.objects.latest_account_errors, run)
        async with self.open_client(run.connection, connector, by_hand=run.by_hand) as client:

            def telling(wanted: Wanted) -> AsyncGenerator[Batch, None]:
                if connector.pulls:
                    return within(self.budget, started, connector.pull(client, wanted))
                shares = Shares(self.budget, started=started, before=before)
                return AccountByAccount(
                    connection_id=run.connection_id, connector=connector, client=client, shares=shares
                ).pull()

            pull = Pull(
                run=run,
                connector=connector,
                telling=telling,
                outcome=outcome,
                present=await presence.of(run.id) if run.by_hand else {},
                listed=partial(self._listed, run),
                turn=partial(self._publish_progress, run, outcome),
            )
            try:
                await pull.read()
            finally:
                outcome.notices = dict(pull.notices.most_common(MOST_NOTICES))
        await run_db(ask_about_accounts, run.connection.user_id)

    async def _listed(self, run: SyncRun) -> None:
        if run.connection.last_success_at is None:
            await self.first_accounts(run.connection.user_id)

    async def _finish_surely(self, run: SyncRun, outcome: Outcome) -> None:
        """Finish the run even if its worker ends meanwhile, as one does that has lost the database."""
        await asyncio.shield(keep_running(self._finish(run, outcome)))

    async def _finish(self, run: SyncRun, outcome: Outcome) -> None:
        before = run.connection.state
        finished = await run_db_at_last(
            SyncRun.objects.finish,
            run,
            outcome.state,
            next_sync_at=schedule.next_sync(run.connection, outcome, self.interval),
            error=outcome.error,
            account_errors=outcome.account_errors,
            notices=outcome.notices,
        )
        if finished is None:
            return
        metrics.sync(outcome.state)
        connection, counts = finished
        about: dict[str, Any] = {"user_id": connection.user_id, "connection_id": connection.id}
        ended: dict[str, Any] = {"run_id": run.id, "state": outcome.state, **counts}
        await self.live_events.publish(type="sync.finished", **about, **ended)
        if connection.state != before:
            await self.live_events.publish(type="connection.changed", state=connection.state, **about)

    async def _publish_progress(self, run: SyncRun, outcome: Outcome, account: str) -> None:
        await self.live_events.publish(
            user_id=run.connection.user_id,
            type="sync.progress",
            connection_id=run.connection_id,
            run_id=run.id,
            done=outcome.accounts_done + len(outcome.account_errors),
            total=run.accounts_total,
            account=account,
        )


def _request(user_id: UUID, connection_id: UUID, trigger: str, wait: int) -> SyncRun:
    connection = Connection.objects.filter(user_id=user_id, id=connection_id).first()
    if connection is None:
        raise errors.NotFound
    if connectors.get(connection.provider).by_person:
        raise ProviderTakesFiles
    if connection.state not in Connection.SYNCABLE:
        raise ConnectionNotSyncable
    if wait:
        detail = f"You can try again in {limits.duration(wait)}. Dashtam also goes on by itself."
        raise AskedToWait(detail, code=ProviderRateLimited.code, retry_after=wait)
    return SyncRun.objects.request(connection_id=connection.id, trigger=trigger)
