"""The admin: no door of its own, and nothing there that a person should do themselves."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory

from accounts.models import Session, User
from accounts.tasks import announce_ended_sessions
from dashtam.bridge import run_db
from tests.accounts.conftest import Api, Browser
from tests.jobs import queued


@pytest.fixture
def root(make_user: Any) -> User:
    """A superuser."""
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


async def test_the_admin_sends_people_to_the_one_sign_in_page(browser: Browser, db: None) -> None:
    away = await browser.get("/admin/")
    assert away["Location"] == "/admin/login/?next=/admin/"
    to = await browser.get(away["Location"])
    assert (to.status_code, to["Location"]) == (302, "/sign-in?next=%2Fadmin%2F")
    posted = await browser.client.post("/admin/login/", {"username": "admin", "password": "admin"})
    assert posted.status_code in {302, 403}
    assert not await Session.objects.aexists()


async def test_people_who_are_not_staff_find_nothing_there(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    away = await browser.get("/admin/accounts/user/")
    assert (await browser.get(away["Location"])).status_code == 404


async def test_staff_come_in_by_their_ordinary_session_and_lose_it_with_it(
    browser: Browser, root: User
) -> None:
    await browser.sign_in(root.email)
    assert (await browser.get("/admin/")).status_code == 200
    out = await browser.send("/admin/logout/", shown_at="/admin/")
    assert (out.status_code, out["Location"]) == (307, "/sign-out")
    await browser.send("/sign-out", shown_at="/settings/profile")
    assert (await browser.get("/admin/")).status_code == 302


async def test_people_are_found_by_address_and_shown_without_secrets(
    browser: Browser, root: User, ana: User
) -> None:
    await browser.sign_in(root.email)
    found = (await browser.get(f"/admin/accounts/user/?q={ana.email}")).content.decode()
    assert str(ana.id) in found
    page = (await browser.get(f"/admin/accounts/user/{ana.id}/change/")).content.decode()
    assert ana.email in page
    assert "bcrypt" not in page
    assert 'name="password"' not in page
    assert 'name="email"' not in page
    assert 'name="is_active"' in page


async def test_there_is_no_way_to_add_people_or_set_passwords(
    browser: Browser, root: User, ana: User
) -> None:
    await browser.sign_in(root.email)
    assert (await browser.get("/admin/accounts/user/add/")).status_code == 403
    assert (await browser.get(f"/admin/accounts/user/{ana.id}/delete/")).status_code == 403
    assert (await browser.get(f"/admin/accounts/user/{ana.id}/password/")).status_code in {302, 404}
    assert (await browser.get("/admin/password_change/"))["Location"] == "/settings/security"


async def test_disabling_somebody_signs_them_out(browser: Browser, api: Api, root: User, ana: User) -> None:
    await api.sign_in(ana.email)
    assert (await api.get("auth/me")).status_code == 200
    await browser.sign_in(root.email)
    form = {"sessions-TOTAL_FORMS": "0", "sessions-INITIAL_FORMS": "0"}
    saved = await browser.send(f"/admin/accounts/user/{ana.id}/change/", **form)  # is_active is not ticked
    assert saved.status_code == 302
    assert not (await User.objects.aget(id=ana.id)).is_active
    assert (await Session.objects.aget(user=ana)).revoke_reason == "ended_by_staff"
    ((name, arguments),) = await run_db(queued)
    assert name == announce_ended_sessions.name
    await announce_ended_sessions.func.__wrapped__(**arguments)  # type: ignore[attr-defined]
    assert (await api.get("auth/me")).status_code == 401


async def test_sessions_can_be_looked_at_only(browser: Browser, root: User) -> None:
    await browser.sign_in(root.email)
    session = await Session.objects.aget()
    assert (await browser.get(f"/admin/accounts/session/?q={root.email}")).status_code == 200
    page = (await browser.get(f"/admin/accounts/session/{session.id}/change/")).content.decode()
    assert 'name="_save"' not in page
    assert (await browser.get("/admin/accounts/session/add/")).status_code == 403


def test_saving_a_person_writes_back_nothing_but_what_the_form_changed(ana: User, rf: RequestFactory) -> None:
    pages = admin.site.get_model_admin(User)
    opened = User.objects.get(id=ana.id)
    User.objects.filter(id=ana.id).update(password="set meanwhile")
    form = SimpleNamespace(changed_data=["is_active"])
    opened.is_active = False
    request = rf.post("/")
    request.user = ana
    pages.save_model(request, opened, form, change=True)
    ana.refresh_from_db()
    assert (ana.password, ana.is_active) == ("set meanwhile", False)
