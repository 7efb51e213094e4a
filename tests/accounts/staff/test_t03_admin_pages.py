"""The admin with content: links that say where they lead, and tables that a keyboard can scroll."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection

from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers.connections.models import Connection
from providers.sync.models import SyncRun
from tests.staff import Staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(make_user: Any) -> User:
    """A superuser."""
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def content(ana: User) -> User:
    """A connection with a run, and a second one, whose codes are empty in one place and not in another."""
    for number, code in enumerate(("", "provider_unavailable")):
        bank = Connection.objects.create(
            user=ana, provider="sandbox", state="degraded" if code else "active", provider_subject=f"s{number}",
            state_reason=code,
        )  # fmt: skip
        SyncRun.objects.create(connection=bank, state="failed" if code else "succeeded", error_code=code)
    AuditEvent.objects.create(action="email.changed", user_id=ana.id, actor_id=ana.id, request_id="of-ana")
    return ana


async def test_t03_every_link_of_every_list_has_words(root: User, content: User) -> None:
    staff = await Staff.arrives(root)
    for model in admin.site._registry:
        page = await staff.text(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")
        assert not re.findall(r"<a (?![^>]*title=)[^>]*>\s*</a>", page), model


async def test_t03_a_filter_for_no_code_finds_the_runs_without_one(root: User, content: User) -> None:
    staff = await Staff.arrives(root)
    page = await staff.text("/admin/providers/syncrun/")
    assert re.search(r'<a href="\?error_code=">\s*none\s*</a>', page)
    assert "1 sync run" in await staff.text("/admin/providers/syncrun/", error_code="")


async def test_t03_rows_that_belong_to_a_page_are_scrolled_by_keyboard_too(root: User, content: User) -> None:
    staff = await Staff.arrives(root)
    bank = await Connection.objects.afirst()
    assert bank is not None
    for path in (f"accounts/user/{content.id}", f"providers/connection/{bank.id}"):
        page = await staff.text(f"/admin/{path}/change/")
        regions: list[Any] = re.findall(r'class="rows" role="region" tabindex="0" aria-label="([^"]+)"', page)
        assert len(regions) == page.count('class="js-inline-admin-formset') == 2, path


async def test_t03_the_audit_log_names_people_briefly_in_the_list_and_wholly_on_the_page(
    root: User, content: User
) -> None:
    staff = await Staff.arrives(root)
    event = await AuditEvent.objects.aget(request_id="of-ana")
    listed = await staff.text("/admin/accounts/auditevent/", q="of-ana")
    assert re.search(
        rf'<a href="[^"]*{content.id}[^"]*" title="{content.id}">…{str(content.id)[-12:]}</a>', listed
    )
    page = await staff.text(f"/admin/accounts/auditevent/{event.pk}/change/")
    assert f">{content.id}</a>" in page


async def test_t03_mail_and_jobs_sent_again_from_a_list_of_failed_ones_are_counted_aright(
    root: User, ana: User
) -> None:
    staff = await Staff.arrives(root)
    mail = await Email.objects.acreate(user=ana, to=ana.email, kind="new_device", context={}, state="failed")
    chosen = {"action": "send_again", "_selected_action": [str(mail.id)], "reason": "She asked for it again."}
    await staff.post("/admin/notifications/email/?state__exact=failed", **chosen)
    told = await staff.text("/admin/notifications/email/")
    assert "Queued again: 1." in told
    assert "Left alone" not in told
    job = await run_db(failed_job)
    chosen = {"action": "run_again", "_selected_action": [str(job)]}
    await staff.post("/admin/procrastinate/procrastinatejob/?status__exact=failed", **chosen)
    told = await staff.text("/admin/procrastinate/procrastinatejob/")
    assert "Queued again: 1." in told
    assert "Left alone" not in told


def failed_job() -> int:
    """A job that failed for good."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            " VALUES ('default', 'dashtam.tasks.tidy_jobs', '{}', 'failed', 4) RETURNING id"
        )
        return int(cursor.fetchone()[0])
