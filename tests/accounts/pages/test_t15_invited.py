"""Pages of the door: the closed one says so kindly, and an invitation leads through it."""

from typing import Any

import pytest
from django.core import mail as django_mail

from accounts.models import Invitation, User
from accounts.staff import roles
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from tests.accounts.conftest import Browser, mails
from tests.conftest import PASSWORD
from tests.staff import Staff


@pytest.fixture
def root(make_user: Any) -> User:
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


@pytest.mark.parametrize(
    ("mode", "says"), [("closed", "takes no new people"), ("invitation", "need an invitation")]
)
async def test_t15_a_shut_door_says_so_and_takes_no_form(
    mode: str, says: str, browser: Browser, ana: User, settings: Any
) -> None:
    settings.SIGN_UP = mode
    page = await browser.get("/sign-up")
    assert page.status_code == 403
    assert says in page.content.decode()
    assert 'name="password"' not in page.content.decode()
    assert "Create an account" not in (await browser.get("/sign-in")).content.decode()
    settings.SIGN_UP = "open"
    assert "Create an account" in (await browser.get("/sign-in")).content.decode()
    shown = await browser.get("/sign-up")
    assert shown.status_code == 200
    settings.SIGN_UP = mode
    token = browser.client.cookies["csrf"].value
    form = {"csrfmiddlewaretoken": token, "email": "zoe@example.org", "name": "Z", "password": PASSWORD}
    assert (await browser.client.post("/sign-up", form)).status_code == 403
    assert not await User.objects.filter(email="zoe@example.org").aexists()


async def test_t15_staff_invite_by_page_and_the_invited_person_is_in_with_one_form(
    browser: Browser, root: User, settings: Any
) -> None:
    settings.SIGN_UP = "invitation"
    staff = await Staff.arrives(root)
    assert "Send an invitation" in await staff.text("/settings/invitations")
    assert (await staff.post("/settings/invitations", email="Zoe@Example.org")).status_code == 303
    (sent,) = await mails("invitation")
    token = sealed_tokens.seal("invitation", (await Invitation.objects.aget()).id)
    landed = await browser.get(f"/invitation?token={token}")
    assert (landed.status_code, landed["Location"]) == (303, "/invitation")
    page = (await browser.get("/invitation")).content.decode()
    assert sent.to == "zoe@example.org"
    assert "zoe@example.org" in page
    weak = await browser.send("/invitation", name="Zoë", password="short")
    assert weak.status_code == 422
    done = await browser.send("/invitation", name="Zoë", password=PASSWORD)
    assert (done.status_code, done["Location"]) == (303, "/")
    assert "Welcome to Dashtam" in (await browser.get("/")).content.decode()
    assert "Has signed up" in await staff.text("/settings/invitations")
    other = Browser()
    await other.get(f"/invitation?token={token}")
    assert "does not work any more" in (await other.get("/invitation")).content.decode()
    bare = (await Browser().get("/invitation")).content.decode()
    assert "Open your invitation" in bare  # nothing was used, taken back or late
    assert "does not work" not in bare
    assert len(django_mail.outbox) == 0


async def test_t15_an_invitation_is_taken_back_by_page_and_in_the_admin(root: User, settings: Any) -> None:
    settings.SIGN_UP = "invitation"
    staff = await Staff.arrives(root)
    for email in ("zoe@example.org", "max@example.org"):
        await staff.post("/settings/invitations", email=email)
    zoe, max_ = [each async for each in Invitation.objects.order_by("created_at")]
    assert (await staff.post(f"/settings/invitations/{zoe.id}/revoke")).status_code == 303
    listed = await staff.text("/admin/accounts/invitation/")
    assert "taken back" in listed
    await staff.post("/admin/accounts/invitation/", action="take_back", _selected_action=str(max_.id))
    await max_.arefresh_from_db()
    assert max_.state == "taken back"
    assert not await run_db(Invitation.objects.open().exists)


async def test_t15_roles_decide_who_invites(make_user: Any, settings: Any) -> None:
    settings.SIGN_UP = "invitation"
    sam = await Staff.arrives(await run_db(make_user, "Sam", is_staff=True), roles.SUPPORT)
    assert (await sam.get("/settings/invitations")).status_code == 200
    ops = await Staff.arrives(await run_db(make_user, "Olga", is_staff=True), roles.OPERATIONS)
    assert (await ops.get("/settings/invitations")).status_code == 403
