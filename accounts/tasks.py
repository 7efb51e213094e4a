"""Background tasks of accounts."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import wiring
from accounts.audit import chain
from accounts.models import (
    ApiKey,
    EmailChange,
    FailedProof,
    IdempotencyKey,
    Invitation,
    OneTimeLink,
    Session,
    SignUp,
    User,
)
from accounts.models.audit import NOBODY
from accounts.models.session import OVER_AT
from dashtam.bridge.doors import run_db
from dashtam.jobs.background import RETRY, background
from dashtam.jobs.deletion import delete_in_parts

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

LINKS_KEPT = timedelta(days=30)
ENDED_KEPT = timedelta(days=90)
ADMIN_LOG_KEPT = timedelta(days=365)  # what touches a person's account is in the audit log too


@background(retry=RETRY)
async def announce_ended_sessions(session_ids: list[str]) -> None:
    """Announce ended sessions, where the request itself could not reach the cache."""
    await wiring.session_service().announce(session_ids=[UUID(session_id) for session_id in session_ids])


@app.periodic(cron="7 * * * *")
@background(queue="schedule", queueing_lock="note_audit_head")
async def note_audit_head(timestamp: int) -> None:
    """Log the head of the audit log, so that events cut off its end later are noticed."""
    logger.info("The audit log's head: %s", await run_db(chain.head))


@app.periodic(cron="17 * * * *")
@background(queue="schedule", queueing_lock="remind_of_api_keys")
async def remind_of_api_keys(timestamp: int) -> None:
    """Mail the owners of API keys that soon expire."""
    await wiring.api_key_service().remind()


@background(queue="exports", retry=RETRY)
async def make_export(export_id: str) -> None:
    """Make a person's export; its lock is the person's, so that a large one keeps no other person waiting."""
    await wiring.export_service().make(export_id=UUID(export_id))


@app.periodic(cron="43 * * * *")
@background(queue="schedule", queueing_lock="forget_exports")
async def forget_exports(timestamp: int) -> None:
    """Delete the exports that can no longer be taken."""
    await wiring.export_service().forget()


@app.periodic(cron="37 * * * *")
@background(queue="schedule", queueing_lock="forget_idempotency_keys")
async def forget_idempotency_keys(timestamp: int) -> None:
    """Delete the idempotency keys that no client sends any more."""
    await delete_in_parts(IdempotencyKey.objects.long_over())


@app.periodic(cron="29 * * * *")
@background(queue="schedule", queueing_lock="finish_email_changes")
async def finish_email_changes(timestamp: int) -> None:
    """Carry out the email changes that a lost mailbox would hold up for ever."""
    await wiring.email_change_service().finish_overdue()


@app.periodic(cron="*/10 * * * *")
@background(queue="schedule", queueing_lock="erase_leavers", lock="erase_leavers")
async def erase_leavers(timestamp: int) -> None:
    """Delete the accounts whose days of grace are over."""
    await wiring.leaving_service().erase_due()


@app.periodic(cron="37 * * * *")
@background(queue="schedule", queueing_lock="end_surplus_sessions")
async def end_surplus_sessions(timestamp: int) -> None:
    """End the sessions that were unused the longest, of people with more of them than a person needs."""
    while ids := await run_db(Session.objects.surplus):
        await wiring.session_service().end(
            Session.objects.end, id__in=ids, reason="too_many", actor_id=NOBODY
        )


@app.periodic(cron="53 4 * * *")
@background(queue="schedule", queueing_lock="forget_old_accounts_rows")
async def forget_old(timestamp: int) -> None:
    """Delete old links, sign-ups, unconfirmed accounts, sessions, keys, email changes, proofs, and the admin's log."""
    for rows in ending():
        await delete_in_parts(rows)


def ending() -> Iterator["QuerySet[Any]"]:
    """The rows whose time is over; where a table is large, each query is one range of one index."""
    now = timezone.now()
    over, revoked = now - ENDED_KEPT, Q(revoked_at__lt=now - ENDED_KEPT)
    yield OneTimeLink.objects.filter(expires_at__lt=now - LINKS_KEPT)
    yield Session.objects.filter(revoked)
    yield Session.objects.alias(over_at=OVER_AT).filter(revoked_at=None, over_at__lt=over)
    yield ApiKey.objects.filter(revoked)
    yield ApiKey.objects.filter(revoked_at=None, expires_at__lt=over)
    yield EmailChange.objects.filter(created_at__lt=over)
    yield SignUp.objects.long_over()
    yield Invitation.objects.long_over()
    yield User.objects.never_confirmed()
    yield from FailedProof.objects.long_over()
    yield LogEntry.objects.filter(action_time__lt=now - ADMIN_LOG_KEPT)
