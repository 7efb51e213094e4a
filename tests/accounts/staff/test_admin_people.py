"""Acts of support staff for people: only the person can finish them, and each has a reason on the record."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.models import AuditEvent, Session, StaffAct, User
from accounts.tasks import announce_ended_sessions
from dashtam.bridge.doors import run_db
from notifications.models import Email
from tests.accounts.conftest import Api, mails
from tests.jobs import queued
from tests.staff import Staff

WHY = "They rang us and answered our questions."


@pytest.fixture
def sam(make_user: Any) -> User:
    """A colleague in support."""
    user: User = make_user("Sam", is_staff=True)
    return user


@pytest.fixture
def root(make_user: Any) -> User:
    """A superuser."""
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


def page_of(user: User, rest: str = "change/") -> str:
    return f"/admin/accounts/user/{user.id}/{rest}"


async def test_people_are_found_by_address_and_shown_without_secrets(sam: User, ana: User, ben: User) -> None:
    staff = await Staff.arrives(sam, "Support")
    found = await staff.text("/admin/accounts/user/", q=ana.email)
    assert str(ana.id) in found
    assert str(ben.id) not in found
    page = await staff.text(page_of(ana))
    assert ana.email in page
    assert "bcrypt" not in page


async def test_k3_no_form_sets_a_password_an_address_or_a_factor(root: User, ana: User) -> None:
    staff = await Staff.arrives(root)
    page = await staff.text(page_of(ana))
    for field in ("password", "email", "is_active", "is_staff", "is_superuser", "_save"):
        assert f'name="{field}"' not in page
    before = await User.objects.filter(id=ana.id).values().aget()
    answer = await staff.post(page_of(ana), email="evil@example.org", password="x", is_staff="on")
    assert answer.status_code == 403
    assert await User.objects.filter(id=ana.id).values().aget() == before
    for rest in ("password/", "password", "mfa/", "email/"):
        assert (await staff.get(page_of(ana, rest))).status_code == 404
    assert (await staff.get("/admin/auth/user/1/password/")).status_code == 404
    assert (await staff.get("/admin/accounts/user/add/")).status_code == 403
    assert (await staff.get(page_of(ana, "delete/"))).status_code == 403
    assert (await staff.get("/admin/password_change/"))["Location"] == "/settings/security"


async def test_k4_nothing_is_added_deleted_or_exported_in_bulk(root: User, ana: User) -> None:
    staff = await Staff.arrives(root)
    page = await staff.text("/admin/accounts/user/")
    assert "delete_selected" not in page
    assert "export" not in page.lower()
    await staff.post(
        "/admin/accounts/user/", action="delete_selected", _selected_action=str(ana.id), post="yes"
    )
    assert await User.objects.filter(id=ana.id).aexists()


@pytest.mark.parametrize("lookup", ["password__startswith", "email__contains", "sessions__ip__contains"])
async def test_k2_hidden_columns_cannot_be_guessed_by_filtering(root: User, lookup: str) -> None:
    staff = await Staff.arrives(root)
    assert (await staff.get("/admin/accounts/user/", **{lookup: "b"})).status_code == 400
    assert (await staff.get("/admin/accounts/user/", is_staff__exact="1")).status_code == 200


@pytest.mark.parametrize(
    ("verb", "kind"), [("mail-reset", "reset_password"), ("mail-verification", "verify_email")]
)
async def test_k3_staff_have_a_link_mailed_that_only_the_person_can_follow(
    sam: User, make_user: Any, verb: str, kind: str
) -> None:
    una = await run_db(make_user, "Una", email_verified_at=None)
    staff = await Staff.arrives(sam, "Support")
    before = await User.objects.filter(id=una.id).values().aget()
    done = await staff.post(page_of(una, f"help/{verb}/"), reason=WHY, ticket="T-1")
    assert (done.status_code, done["Location"]) == (303, page_of(una))
    (mail,) = await mails(kind)
    assert mail.to == una.email
    assert await User.objects.filter(id=una.id).values().aget() == before
    assert mail.context["link_id"] not in await staff.text(page_of(una))


async def test_c7_staff_sign_somebody_out_everywhere(api: Api, sam: User, ana: User) -> None:
    await api.sign_in(ana.email)
    staff = await Staff.arrives(sam, "Support")
    await staff.post(page_of(ana, "help/end-sessions/"), reason=WHY)
    assert (await Session.objects.aget(user=ana)).revoke_reason == "ended_by_staff"
    ended = await AuditEvent.objects.aget(action="session.ended", user_id=ana.id)
    assert ended.actor_id == sam.id
    assert (await api.get("auth/me")).status_code == 401
    assert announce_ended_sessions.name in [name for name, _ in await run_db(queued)]


async def test_disabling_signs_out_and_keeps_out_until_enabled(api: Api, sam: User, ana: User) -> None:
    await api.sign_in(ana.email)
    staff = await Staff.arrives(sam, "Support")
    await staff.post(page_of(ana, "help/disable/"), reason=WHY)
    assert (await api.get("auth/me")).status_code == 401
    assert not (await User.objects.aget(id=ana.id)).is_active
    page = await staff.text(page_of(ana))
    assert "help/enable/" in page
    assert "help/disable/" not in page
    await staff.post(page_of(ana, "help/enable/"), reason=WHY)
    await api.sign_in(ana.email)


async def test_each_act_needs_a_reason_and_keeps_it(sam: User, ana: User) -> None:
    staff = await Staff.arrives(sam, "Support")
    for reason in ("", "because"):
        refused = await staff.post(page_of(ana, "help/disable/"), reason=reason)
        assert refused.status_code == 422
    refused = await staff.post(page_of(ana, "help/disable/"), reason=WHY, ticket="<script>")
    assert refused.status_code == 422
    assert (await User.objects.aget(id=ana.id)).is_active
    assert not await StaffAct.objects.aexists()
    await staff.post(page_of(ana, "help/disable/"), reason=WHY, ticket="HELP-7")
    act = await StaffAct.objects.aget()
    assert (act.action, act.user_id, act.staff_id, act.session_id) == (
        "staff.disabled",
        ana.id,
        sam.id,
        staff.session.id,
    )
    assert (act.reason, act.ticket) == (WHY, "HELP-7")
    event = await AuditEvent.objects.aget(action="staff.disabled")
    assert (event.user_id, event.actor_id) == (ana.id, sam.id)
    assert event.detail == {"act_id": str(act.id), "reason_sha256": act.reason_digest()}
    assert WHY in await staff.text(page_of(ana))


async def test_colleagues_and_oneself_are_a_superuser_s_matter(sam: User, root: User, make_user: Any) -> None:
    other = await run_db(make_user, "Tom", is_staff=True)
    staff = await Staff.arrives(sam, "Support")
    for whom in (other, root, sam):
        for verb in ("disable", "mail-reset", "end-sessions"):
            assert (await staff.post(page_of(whom, f"help/{verb}/"), reason=WHY)).status_code == 403
        assert "/help/" not in await staff.text(page_of(whom))
    assert (await staff.get(page_of(sam, "help/fly/"))).status_code == 404
    head = await Staff.arrives(root)
    assert (await head.post(page_of(root, "help/disable/"), reason=WHY)).status_code == 403
    assert (await head.post(page_of(other, "help/disable/"), reason=WHY)).status_code == 303


async def test_k4_only_superusers_appoint_and_the_appointed_sign_in_anew(
    api: Api, sam: User, root: User, ana: User
) -> None:
    staff = await Staff.arrives(sam, "Support")
    assert (await staff.post(page_of(ana, "roles/"), roles="Support", reason=WHY)).status_code == 403
    assert (await staff.post(page_of(sam, "roles/"), roles="Operations", reason=WHY)).status_code == 403
    await api.sign_in(ana.email)
    head = await Staff.arrives(root)
    assert (await head.get(page_of(ana, "roles/"))).status_code == 200
    given = await head.post(page_of(ana, "roles/"), roles=["Support"], reason=WHY)
    assert given.status_code == 303
    ana = await User.objects.aget(id=ana.id)
    assert (ana.is_staff, ana.is_superuser) == (True, False)
    assert [group.name async for group in Group.objects.filter(user=ana)] == ["Support"]
    assert (await api.get("auth/me")).status_code == 401
    event = await AuditEvent.objects.aget(action="staff.roles_set")
    assert event.detail["roles"] == "Support"
    await head.post(page_of(ana, "roles/"), reason=WHY)
    assert not (await User.objects.aget(id=ana.id)).is_staff
    assert (await head.post(page_of(root, "roles/"), roles="Support", reason=WHY)).status_code == 403


async def test_sessions_can_be_looked_at_only(root: User) -> None:
    staff = await Staff.arrives(root)
    assert str(root) in await staff.text("/admin/accounts/session/", q=root.email)
    page = await staff.text(f"/admin/accounts/session/{staff.session.id}/change/")
    assert 'name="_save"' not in page


def test_k4_a_new_superuser_is_announced_and_kept(db: None, settings: Any, monkeypatch: Any) -> None:
    settings.ADMINS = [("Administrator", "one@example.org"), ("Administrator", "two@example.org")]
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a quiet river at dawn")
    arguments = ("--noinput", "--email", "Boss@example.org", "--name", "Boss")
    call_command("createsuperuser", *arguments, stdout=StringIO())
    boss = User.objects.get(is_superuser=True)
    told = Email.objects.filter(kind="superuser_made")
    assert {mail.to for mail in told} == {"one@example.org", "two@example.org"}
    assert {mail.context["email"] for mail in told} == {"boss@example.org"}
    assert AuditEvent.objects.get(action="superuser.made").user_id == boss.id


def test_k4_somebody_who_is_made_a_superuser_otherwise_is_announced_once(ana: User, settings: Any) -> None:
    settings.ADMINS = [("Administrator", "one@example.org")]
    ana.is_superuser = True
    ana.save(update_fields=["is_staff"])
    assert not AuditEvent.objects.exists()
    for _ in range(2):
        ana.save()
    assert AuditEvent.objects.get().action == "superuser.made"
    assert Email.objects.get(kind="superuser_made").context["email"] == ana.email
