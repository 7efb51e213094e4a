"""Leaving: signed out at once, days of grace, and then no trace of the person."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts.models import AuditEvent, OneTimeLink, Session, User
from accounts.tasks import erase_leavers
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers import tasks, wiring
from providers.connections.models import Connection, PendingRevocation, ProviderToken
from providers.ledger.models import FinancialAccount, Transaction
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.accounts.conftest import Api
from tests.accounts.conftest import Browser as PasswordBrowser
from tests.jobs import queued, run_now, run_queued
from tests.providers import dumps
from tests.providers.connections.linking import connect

UNUSUAL = "Ottoline Quennell"


@pytest.fixture
def ana(make_user: Any) -> User:
    """A person whose name and email address would be noticed anywhere."""
    user: User = make_user(UNUSUAL, email="ottoline.quennell@example.org")
    return user


async def signed_in(user: User) -> Api:
    """A client with a new session of this person."""
    session = Session.objects.made(user_id=user.id, kind="api", user_agent="a program", ip="203.0.113.7")
    await run_db(session.save)
    from accounts.wiring import jwt_service

    program = Api()
    program.token = jwt_service().create_access_token(user_id=user.id, session_id=session.id).token
    return program


async def grace_is_over() -> None:
    await User.objects.filter(deletion_due_at__isnull=False).aupdate(deletion_due_at=timezone.now())
    await run_now(erase_leavers, timestamp=0)


async def test_n5_leaving_needs_a_fresh_proof(ana: User) -> None:
    api = await signed_in(ana)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    refused = await api.call("DELETE", "auth/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert (await User.objects.aget(id=ana.id)).deletion_due_at is None


async def test_n5_sessions_and_keys_end_at_once_and_syncs_stop(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    other, api = await signed_in(ana), await signed_in(ana)
    made = await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"]})
    program = Api()
    program.token = made.json()["key"]
    assert (await program.get("accounts")).status_code == (await other.get("accounts")).status_code == 200
    left = await api.call("DELETE", "auth/me")
    assert left.status_code == 202
    assert left.json()["deletion_due_at"]
    for each in (api, other, program):
        assert (await each.get("accounts")).status_code == 401
    (mail,) = [mail async for mail in Email.objects.filter(kind="account_leaving")]
    assert mail.to == ana.email
    assert await AuditEvent.objects.filter(action="account.deletion_requested", user_id=ana.id).aexists()
    await SyncRun.objects.all().adelete()
    await Connection.objects.filter(id=connection.id).aupdate(next_sync_at=timezone.now())
    await wiring.sync_service().schedule_due()
    assert not await SyncRun.objects.aexists()
    assert await ProviderToken.objects.aexists(), "there is a way back until the day comes"


async def test_n5_whoever_signs_in_again_may_stay(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await (await signed_in(ana)).call("DELETE", "auth/me")
    again = await signed_in(ana)
    assert (await again.get("auth/me")).json()["deletion_due_at"]
    assert (await again.call("DELETE", "auth/me/deletion")).status_code == 204
    assert (await again.get("auth/me")).json()["deletion_due_at"] is None
    await grace_is_over()
    assert await User.objects.filter(id=ana.id).aexists()
    await Connection.objects.filter(id=connection.id).aupdate(next_sync_at=timezone.now())
    assert connection in [each async for each in Connection.objects.due(timezone.now())]


async def test_n5_nobody_is_told_that_they_stay_once_the_deletion_may_have_begun(ana: User) -> None:
    await (await signed_in(ana)).call("DELETE", "auth/me")
    again = await signed_in(ana)
    await User.objects.filter(id=ana.id).aupdate(deletion_due_at=timezone.now())
    late = await again.call("DELETE", "auth/me/deletion")
    assert (late.status_code, late.json()["code"]) == (410, "deletion_begun")
    await run_now(erase_leavers, timestamp=0)
    assert not await User.objects.filter(id=ana.id).aexists()


async def test_n5_nothing_happens_before_the_day(ana: User) -> None:
    await (await signed_in(ana)).call("DELETE", "auth/me")
    due = (await User.objects.aget(id=ana.id)).deletion_due_at
    assert due is not None
    assert due - timezone.now() > timedelta(days=6)
    await run_now(erase_leavers, timestamp=0)
    assert await User.objects.filter(id=ana.id).aexists()


async def test_n5_nothing_of_the_person_is_left(ana: User, ben: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await connect(ben, bank, customer="ben")
    await run_db(run_queued)
    await run_db(_leave_traces, ana, ben)
    api = await signed_in(ana)
    await api.post("auth/api-keys", {"name": f"{UNUSUAL}'s script", "scopes": ["read"]})
    await api.post("auth/password-resets", {"email": ana.email})
    theirs = await run_db(_traces_of, ana)
    before = await run_db(dumps.database)
    assert all(trace in before for trace in theirs), "or their absence would prove nothing"
    assert len(theirs) == 12
    bens = await Transaction.objects.filter(user=ben).acount()

    assert (await api.call("DELETE", "auth/me")).status_code == 202
    await grace_is_over()
    await run_db(run_queued)

    after = await run_db(dumps.database)
    assert [trace for trace in theirs if trace in after] == []
    assert not await Connection.objects.filter(id=connection.id).aexists()
    assert await Transaction.objects.filter(user=ben).acount() == bens > 0
    left = {event.action async for event in AuditEvent.objects.filter(user_id=ana.id)}
    assert {"account.deletion_requested", "account.deleted"} <= left


def _leave_traces(ana: User, staff: User) -> None:
    """Leave entries of her in the staff's own log, and a link that waits."""
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=staff, content_type=kind, object_id=str(ana.id), object_repr=str(ana), action_flag=CHANGE
    )
    OneTimeLink.objects.mail(user=ana, purpose=OneTimeLink.Purpose.RESET_PASSWORD)


def _traces_of(ana: User) -> list[bytes]:
    """The traces that must not be found: email address, name, and the ids of her accounts, at the bank and here."""
    accounts = FinancialAccount.objects.filter(user=ana)
    ids = [*accounts.values_list("provider_account_id", flat=True), *accounts.values_list("id", flat=True)]
    return [str(each).encode() for each in (ana.email, UNUSUAL, *ids)]


async def test_n5_consents_end_at_the_institution_and_the_last_mail_goes_out(
    ana: User, bank: SandboxBank
) -> None:
    await connect(ana, bank)
    await run_db(run_queued)
    await (await signed_in(ana)).call("DELETE", "auth/me")
    await grace_is_over()
    assert {name for name, _ in await run_db(queued)} >= {
        "providers.tasks.revoke_consent",
        "notifications.tasks.deliver_email",
    }
    await run_db(run_queued)
    assert bank.control("log")["counts"]["revoke"] == 1
    assert not await PendingRevocation.objects.aexists()
    said = "".join(file.read_text() for file in sorted(settings.OUTBOX.glob("*.eml")))
    assert re.search(r"Subject: Your Dashtam account is deleted", said)
    assert not await Email.objects.aexists()


async def test_n5_a_job_that_an_earlier_version_queued_still_erases(ana: User) -> None:
    await (await signed_in(ana)).call("DELETE", "auth/me")
    await User.objects.filter(id=ana.id).aupdate(deletion_due_at=timezone.now())
    await run_now(tasks.erase_leavers, timestamp=0)
    assert not await User.objects.filter(id=ana.id).aexists()


async def test_n5_the_address_is_free_again(ana: User) -> None:
    await (await signed_in(ana)).call("DELETE", "auth/me")
    await grace_is_over()
    again = await Api().post(
        "auth/users", {"email": ana.email, "password": "a quiet river at dawn", "name": "Again"}
    )
    assert again.status_code == 202
    assert (await User.objects.aget(email=ana.email)).id != ana.id


async def test_n5_in_the_browser_it_says_what_will_happen_and_offers_a_way_back(ana: User) -> None:
    browser = PasswordBrowser()
    await browser.sign_in(ana.email)
    asked = (await browser.get("/settings/leave")).content.decode()
    assert "In 7 days: Our access ends at your institutions" in asked
    left = await browser.send("/settings/leave")
    assert (left.status_code, left["Location"]) == (303, "/sign-in")
    assert left["Clear-Site-Data"]
    assert (await browser.get("/settings/profile")).status_code == 302
    await browser.sign_in(ana.email)
    home = (await browser.get("/")).content.decode()
    assert "Your account will be deleted" in home
    assert (await browser.send("/settings/stay", shown_at="/")).status_code == 303
    assert "Your account will be deleted" not in (await browser.get("/")).content.decode()


async def test_n5_a_session_from_the_days_to_think_again_ends_with_the_account(ana: User) -> None:
    await (await signed_in(ana)).call("DELETE", "auth/me")
    again = await signed_in(ana)
    assert (await again.get("accounts")).status_code == 200  # and remembered from now on
    await grace_is_over()
    for path in ("auth/me", "accounts", "auth/sessions"):
        assert (await again.get(path)).status_code == 401, path
    late = await again.call("PATCH", "auth/me", {"name": "Still here"})
    assert late.status_code == 401
