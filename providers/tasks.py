"""Background tasks of providers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from accounts.wiring import leaving_service
from dashtam.jobs.background import RETRY, RETRY_IF_CUT_SHORT, background
from dashtam.jobs.deletion import delete_in_parts
from providers import wiring
from providers.connections.models import AuthorizationRequest, CallCount
from providers.ledger.models import Security, WithdrawnTransaction
from providers.sync.models import SyncRun

if TYPE_CHECKING:
    from django.db.models import QuerySet


@background(queue="sync", retry=RETRY_IF_CUT_SHORT)
async def run_sync(run_id: str) -> None:
    """Carry out one sync run. One that failed is not retried: its connection is due again soon."""
    await wiring.sync_service().run(run_id=UUID(run_id))


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="schedule_syncs", priority=10)
async def schedule_syncs(timestamp: int) -> None:
    """Queue the syncs that are due."""
    await wiring.sync_service().schedule_due()


@background(queue="consents", retry=RETRY)
async def revoke_consent(revocation_id: str) -> None:
    """Revoke a consent at its institution; RETRY spreads the attempts over some hours."""
    await wiring.consent_service().revoke(revocation_id=UUID(revocation_id))


@background(queue="consents")
async def look_again(request_id: str) -> None:
    """Ask an institution whether a person is done with the page they visit; queues itself until they are."""
    await wiring.connection_service().look_again(request_id=UUID(request_id))


@background(queue="imports")
async def land_import(import_id: str) -> None:
    """Carry out one import. The task is never retried: `tend_imports` queues what was lost."""
    await wiring.import_service().land(import_id=UUID(import_id))


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="tend_imports", priority=10)
async def tend_imports(timestamp: int) -> None:
    """Queue the imports whose worker has died, and end those that no process can carry out."""
    await wiring.import_service().tend()


@app.periodic(cron="* * * * *")
@background(queue="imports", queueing_lock="watch_import_folder", lock="watch_import_folder")
async def watch_import_folder(timestamp: int) -> None:
    """Bring in the statement files that lie in IMPORT_FOLDER, if one is watched."""
    await wiring.intake_service().watch()


@app.periodic(cron="23 4 * * *")
@background(queue="schedule", queueing_lock="forget_import_details")
async def forget_import_details(timestamp: int) -> None:
    """Empty old imports' lists of rejected rows and notices."""
    await wiring.import_service().forget(now=timezone.now())


@app.periodic(cron="*/10 * * * *")
@background(queue="schedule", queueing_lock="review_consents", priority=5)
async def review_consents(timestamp: int) -> None:
    """Mark the consents that expire soon or have expired."""
    await wiring.consent_service().review()


# Not periodic any more, here for the rows that an earlier version queued: accounts.tasks has it.
@background(queue="schedule", queueing_lock="erase_leavers", lock="erase_leavers")
async def erase_leavers(timestamp: int) -> None:
    """Delete the accounts whose days of grace are over."""
    await leaving_service().erase_due()


@app.periodic(cron="*/10 * * * *")
@background(queue="schedule", queueing_lock="refresh_exchange_rates", lock="refresh_exchange_rates")
async def refresh_exchange_rates(timestamp: int) -> None:
    """Load the exchange rates that are missing. The ECB is asked only when newer ones should be out."""
    await wiring.rate_service().keep_up()


@app.periodic(cron="13 4 * * *")
@background(queue="schedule", queueing_lock="forget_old_authorizations")
async def forget_old_authorizations(timestamp: int) -> None:
    """Delete old authorization requests, sync runs, withdrawn transactions, and securities that no account names."""
    for rows in ending():
        await delete_in_parts(rows)


def ending() -> Iterator["QuerySet[Any]"]:
    """The rows whose time is over."""
    yield AuthorizationRequest.objects.long_over()
    yield SyncRun.objects.long_over()
    yield CallCount.objects.over()
    yield WithdrawnTransaction.objects.filter(withdrawn_at__lt=timezone.now() - WithdrawnTransaction.KEPT)
    yield Security.objects.long_over()
