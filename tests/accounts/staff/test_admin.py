"""The admin's gate: one way in, a second factor, a short stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import AuditEvent, Session, User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Browser
from tests.staff import Staff


@pytest.fixture
def root(make_user: Any) -> User:
    """A superuser."""
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


async def shift(session: Session, **ago: timedelta) -> None:
    """Put times of a session into the past."""
    now = timezone.now()
    await Session.objects.filter(id=session.id).aupdate(**{name: now - past for name, past in ago.items()})


async def test_k1_the_admin_sends_people_to_the_one_sign_in_page(browser: Browser, db: None) -> None:
    away = await browser.get("/admin/")
    assert away["Location"] == "/admin/login/?next=/admin/"
    to = await browser.get(away["Location"])
    assert (to.status_code, to["Location"]) == (302, "/sign-in?next=%2Fadmin%2F")
    posted = await browser.client.post("/admin/login/", {"username": "admin", "password": "admin"})
    assert posted.status_code in {302, 403}
    assert not await Session.objects.aexists()


async def test_k1_guessing_a_colleague_s_password_meets_the_limits_of_every_sign_in(
    browser: Browser, root: User
) -> None:
    statuses = []
    for number in range(50):
        wrong = {"email": root.email, "password": f"a wrong password, number {number}"}
        for door in ("/admin/login/?next=/admin/", "/sign-in?next=/admin/"):
            shown_at = "/sign-in?next=%2Fadmin%2F"
            statuses.append((door, (await browser.send(door, shown_at=shown_at, **wrong)).status_code))
    assert {status for door, status in statuses if door.startswith("/admin")} == {302}
    assert {status for door, status in statuses if door.startswith("/sign-in")} == {422, 429}
    assert statuses[-1][1] == 429
    assert not await Session.objects.aexists()


async def test_people_who_are_not_staff_find_nothing_there(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    for path in ("/admin/", "/admin/accounts/user/", "/admin/login/"):
        assert (await browser.get(path)).status_code == 404


async def test_k1_staff_without_a_second_factor_are_led_to_set_one_up_and_no_further(
    browser: Browser, root: User
) -> None:
    await browser.sign_in(root.email)
    for path in ("/admin/", "/admin/accounts/user/", f"/admin/accounts/user/{root.id}/look/"):
        away = await browser.get(path)
        assert (away.status_code, away["Location"]) == (302, "/settings/security")
    assert "Staff need a second factor" in (await browser.get("/settings/security")).content.decode()


async def test_k1_with_a_second_factor_staff_are_let_in_and_it_is_noted(root: User) -> None:
    staff = await Staff.arrives(root)
    assert (await staff.get("/admin/")).status_code == 200
    assert (await staff.get("/admin/accounts/user/")).status_code == 200
    entered = await AuditEvent.objects.aget(action="admin.entered")
    assert (entered.user_id, entered.detail) == (root.id, {"session_id": str(staff.session.id)})


async def test_k1_who_signed_in_a_while_ago_proves_it_again_first(root: User) -> None:
    staff = await Staff.arrives(root, minutes_ago=6)
    away = await staff.get("/admin/accounts/user/", q="ana")
    assert (away.status_code, away["Location"]) == (
        302,
        "/reauthenticate?next=%2Fadmin%2Faccounts%2Fuser%2F%3Fq%3Dana",
    )
    await shift(staff.session, authenticated_at=timedelta(seconds=5))
    assert (await staff.get("/admin/accounts/user/")).status_code == 200


@pytest.mark.parametrize(
    ("seen", "since", "inside"),
    [
        (timedelta(minutes=59), timedelta(hours=11), True),
        (timedelta(minutes=61), timedelta(hours=2), False),
        (timedelta(minutes=1), timedelta(hours=12, minutes=1), False),
    ],
)
async def test_k1_a_visit_ends_after_an_idle_hour_and_after_twelve(
    root: User, seen: timedelta, since: timedelta, inside: bool
) -> None:
    staff = await Staff.arrives(root)
    await staff.get("/admin/")
    await shift(staff.session, authenticated_at=since, admin_since=since, admin_seen_at=seen)
    answer = await staff.get("/admin/")
    assert answer.status_code == (200 if inside else 302)
    assert inside or answer["Location"].startswith("/reauthenticate")
    assert (await staff.get("/settings/profile")).status_code == 200  # the rest of the session is as it was


async def test_k1_being_used_keeps_a_visit_alive(root: User) -> None:
    staff = await Staff.arrives(root)
    await staff.get("/admin/")
    await shift(staff.session, admin_seen_at=timedelta(minutes=59))
    await staff.get("/admin/")
    session = await Session.objects.aget(id=staff.session.id)
    assert session.admin_seen_at is not None
    assert timezone.now() - session.admin_seen_at < timedelta(minutes=1)


async def test_a_visit_ends_with_its_session(root: User) -> None:
    staff = await Staff.arrives(root)
    await staff.get("/admin/")
    out = await staff.post("/admin/logout/")
    assert (out.status_code, out["Location"]) == (307, "/sign-out")
    await staff.post("/sign-out")
    assert (await staff.get("/admin/"))["Location"] == "/admin/login/?next=/admin/"


async def test_who_is_staff_no_longer_is_out_at_once(root: User) -> None:
    staff = await Staff.arrives(root)
    await staff.get("/admin/")
    await User.objects.filter(id=root.id).aupdate(is_staff=False)
    assert (await staff.get("/admin/")).status_code in {302, 404}


async def test_k1_the_admin_can_be_kept_to_networks(root: User, settings: Any) -> None:
    staff = await Staff.arrives(root)
    settings.ADMIN_NETWORKS = ["10.8.0.0/16", "2001:db8::/32"]
    for path in ("/admin/", "/admin/login/", "/admin/accounts/user/"):
        assert (await staff.get(path)).status_code == 404
    settings.ADMIN_NETWORKS = ["127.0.0.0/8"]
    assert (await staff.get("/admin/")).status_code == 200


def test_k6_nobody_can_become_somebody_else() -> None:
    """No address signs a member of the staff in as another person, and no session says that it is one."""
    addresses = " ".join(str(pattern) for pattern in get_resolver().reverse_dict if isinstance(pattern, str))
    words = addresses + " ".join(field.name for field in Session._meta.get_fields())
    for word in ("hijack", "impersonat", "masquerade", "login_as", "sign_in_as", "become", "su_"):
        assert word not in words


@pytest.mark.usefixtures("db")
def test_k4_there_are_two_roles_with_the_least_each_needs() -> None:
    held = {
        group.name: {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
        for group in Group.objects.all()
    }
    assert set(held) == {"Support", "Operations"}
    for permissions in held.values():
        assert not [p for p in permissions if ".add_" in p or ".delete_" in p]
        assert [p for p in permissions if ".change_" in p] in ([], ["notifications.change_email"])
    assert not held["Support"] & held["Operations"]
    assert "accounts.see_operations" in held["Operations"]
    assert not [p for p in held["Operations"] if p.startswith("providers.")]


MODELS = {
    "Support": {
        *("accounts/user", "accounts/session", "notifications/email", "providers/connection"),
        *("accounts/invitation", "accounts/auditevent", "notifications/suppression"),
        *("providers/syncrun", "providers/authorizationrequest", "providers/financialaccount"),
        *("providers/balancesnapshot", "providers/transaction"),
    },
    "Operations": {"procrastinate/procrastinatejob"},
}


@pytest.mark.parametrize("role", MODELS)
async def test_k4_a_role_opens_its_own_pages_and_no_others(make_user: Any, role: str) -> None:
    from django.contrib import admin

    staff = await Staff.arrives(await run_db(make_user, "Sam", is_staff=True), role)
    for model in admin.site._registry:
        path = f"{model._meta.app_label}/{model._meta.model_name}"
        expected = 200 if path in MODELS[role] else 403
        assert (await staff.get(f"/admin/{path}/")).status_code == expected, path
        assert (await staff.get(f"/admin/{path}/add/")).status_code == 403, path
    assert (await staff.get("/admin/")).status_code == 200


async def test_k4_staff_without_a_role_see_nothing(make_user: Any, ana: User) -> None:
    staff = await Staff.arrives(await run_db(make_user, "Sam", is_staff=True))
    assert (await staff.get("/admin/accounts/user/")).status_code == 403
    assert (await staff.get(f"/admin/accounts/user/{ana.id}/look/")).status_code == 403
    assert (await staff.get(f"/admin/accounts/user/{ana.id}/help/disable/")).status_code == 403
