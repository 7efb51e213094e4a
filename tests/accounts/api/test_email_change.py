"""Email changes: both must agree, the old one can object, and no answer tells whether the new one is taken."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, EmailChange, Session, User
from accounts.tasks import finish_email_changes
from dashtam.crypto import sealed_tokens
from notifications.models import Email
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.conftest import PASSWORD
from tests.jobs import run_now

NEW = "ana.new@example.org"


async def asked(api: Api, user: User, email: str = NEW) -> None:
    await api.sign_in(user.email)
    answer = await api.post("auth/me/email", {"email": email})
    assert (answer.status_code, answer.content) == (202, b"")


async def sealed(kind: str) -> str:
    """The token in the latest mail of a kind."""
    mail = (await mails(kind))[-1]
    change = await EmailChange.objects.aget(id=mail.context["link_id"])
    return sealed_tokens.seal(kind, change.id)


async def confirmed(kind: str) -> int:
    answer = await Api().post("auth/email-changes/confirm", {"token": await sealed(kind)})
    status: int = answer.status_code
    return status


async def email_of(user: User) -> str:
    return (await User.objects.aget(id=user.id)).email


@pytest.mark.parametrize(
    "order", [("confirm_new_email", "email_change_asked"), ("email_change_asked", "confirm_new_email")]
)
async def test_a14_it_takes_both_addresses(api: Api, ana: User, order: tuple[str, str]) -> None:
    old = ana.email
    await asked(api, ana)
    assert await confirmed(order[0]) == 204
    assert await email_of(ana) == old
    assert await confirmed(order[1]) == 204
    assert await email_of(ana) == NEW
    told = {mail.to for mail in await mails("email_changed")}
    assert told == {old, NEW}
    assert (await api.get("auth/me")).json()["email"] == NEW
    actions = [event.action async for event in AuditEvent.objects.filter(user_id=ana.id)]
    assert {"email_change.requested", "email.changed"} <= set(actions)
    assert not [e async for e in AuditEvent.objects.all() if NEW in str(e.detail) or old in str(e.detail)]
    refused = await Api().post("auth/tokens", {"email": old, "password": PASSWORD})
    assert refused.status_code == 401
    await Api().sign_in(NEW)
    assert await confirmed(order[1]) == 410, "once"


async def test_a14_all_other_sessions_and_open_links_end(api: Api, other_api: Api, ana: User) -> None:
    pair = await other_api.sign_in(ana.email)
    assert (await other_api.get("auth/me")).status_code == 200
    await asked(api, ana)
    await other_api.post("auth/password-resets", {"email": ana.email})
    reset = await link_token("reset_password")
    await confirmed("confirm_new_email")
    await confirmed("email_change_asked")
    assert (await other_api.get("auth/me")).status_code == 401
    refreshed = await Api().post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await api.get("auth/me")).status_code == 200
    late = await Api().post(
        "auth/password-resets/confirm", {"token": reset, "password": "a river at dawn, quiet"}
    )
    assert late.status_code == 410


async def test_a14_the_old_address_can_stop_it(api: Api, ana: User) -> None:
    await asked(api, ana)
    await confirmed("confirm_new_email")
    for kind in ("email_change_waiting", "email_change_asked"):
        token = await sealed(kind)
        stopped = await Api().post("auth/email-changes/stop", {"token": token})
        assert stopped.status_code == (204 if kind == "email_change_waiting" else 410)
        assert (await Api().post("auth/email-changes/confirm", {"token": token})).status_code == 410
    assert await email_of(ana) == ana.email
    assert await AuditEvent.objects.filter(action="email_change.stopped").aexists()


async def test_a14_the_new_address_cannot_speak_for_the_old_one(api: Api, ana: User) -> None:
    await asked(api, ana)
    token = await sealed("confirm_new_email")
    assert (await Api().post("auth/email-changes/stop", {"token": token})).status_code == 410
    for _ in range(2):
        assert (await Api().post("auth/email-changes/confirm", {"token": token})).status_code == 204
    assert await email_of(ana) == ana.email


async def test_a14_a_lost_old_mailbox_has_a_week_and_two_mails(api: Api, ana: User) -> None:
    await asked(api, ana)
    await confirmed("confirm_new_email")
    assert len(await mails("email_change_asked")) == len(await mails("email_change_waiting")) == 1
    await _a_week_passes(timedelta(days=6, hours=23))
    assert await email_of(ana) == ana.email
    await _a_week_passes(timedelta(hours=2))
    assert await email_of(ana) == NEW
    assert {mail.to for mail in await mails("email_changed")} == {ana.email, NEW}


async def test_a14_what_the_new_address_never_confirmed_does_not_happen(api: Api, ana: User) -> None:
    await asked(api, ana)
    assert await confirmed("email_change_asked") == 204
    await _a_week_passes(timedelta(days=8))
    assert await email_of(ana) == ana.email
    await _a_week_passes(timedelta(days=7))
    assert await confirmed("confirm_new_email") == 410


async def _a_week_passes(time: timedelta) -> None:
    change = await EmailChange.objects.aget()
    change.created_at -= time
    if change.new_confirmed_at:
        change.new_confirmed_at -= time
    await change.asave()
    await run_now(finish_email_changes, timestamp=0)


async def test_b3_nothing_tells_whether_the_new_address_is_taken(
    api: Api, other_api: Api, ana: User, ben: User
) -> None:
    carl = await User.objects.acreate(
        email="carl@example.org", email_verified_at=timezone.now(), password=ana.password
    )
    await api.sign_in(ana.email)
    await other_api.sign_in(carl.email)
    free = await api.post("auth/me/email", {"email": NEW})
    taken = await other_api.post("auth/me/email", {"email": ben.email})
    quiet = {"X-Request-Id", "Content-Security-Policy"}  # the policy carries a nonce
    heads = [{k: v for k, v in answer.items() if k not in quiet} for answer in (free, taken)]
    assert (free.status_code, free.content, heads[0]) == (taken.status_code, taken.content, heads[1])
    assert [mail.to for mail in await mails("email_change_taken")] == [ben.email]
    assert [mail.to for mail in await mails("confirm_new_email")] == [NEW]
    assert {mail.to for mail in await mails("email_change_asked")} == {ana.email, carl.email}
    assert await confirmed("email_change_asked") == 204
    assert await email_of(carl) == "carl@example.org"


async def test_a14_an_address_that_is_taken_meanwhile_is_left_alone(
    api: Api, ana: User, make_user: Any
) -> None:
    await asked(api, ana)
    await confirmed("confirm_new_email")
    await User.objects.acreate(email=NEW)
    assert await confirmed("email_change_asked") == 204
    assert await email_of(ana) == ana.email


async def test_a11_asking_needs_a_fresh_proof(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    refused = await api.post("auth/me/email", {"email": NEW})
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert not await EmailChange.objects.aexists()


async def test_a14_a_later_wish_a_reset_password_and_a_change_of_mind_end_it(api: Api, ana: User) -> None:
    await asked(api, ana)
    first = await sealed("confirm_new_email")
    await api.post("auth/me/email", {"email": "ana.newer@example.org"})
    assert (await Api().post("auth/email-changes/confirm", {"token": first})).status_code == 410
    second = await sealed("confirm_new_email")
    assert (await api.call("DELETE", "auth/me/email")).status_code == 204
    assert (await Api().post("auth/email-changes/confirm", {"token": second})).status_code == 410
    await api.post("auth/me/email", {"email": NEW})
    await api.post("auth/password-resets", {"email": ana.email})
    reset = {"token": await link_token("reset_password"), "password": "a river at dawn, quiet"}
    assert (await Api().post("auth/password-resets/confirm", reset)).status_code == 204
    assert await confirmed("confirm_new_email") == 410


async def test_one_s_own_and_broken_addresses_are_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for wrong in (ana.email, ana.email.upper(), "x", "", 7, None):
        refused = await api.post("auth/me/email", {"email": wrong})
        assert refused.status_code == 400, wrong
        assert refused.json()["errors"][0]["field"] == "email"
    assert not await Email.objects.filter(kind="email_change_asked").aexists()


async def test_l4_nobody_is_bombed_with_such_mails(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    answers = [(await api.post("auth/me/email", {"email": NEW})).status_code for _ in range(6)]
    assert answers == [202, 202, 202, 429, 429, 429]
    assert len(await mails("confirm_new_email")) == 3


async def test_a14_in_the_browser(browser: Browser, other_browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    asked_for = await browser.send("/settings/email", email=NEW)
    assert asked_for.status_code == 303
    assert NEW in (await browser.get("/settings/email")).content.decode()
    for kind, page in (("confirm_new_email", "/confirm-new-email"), ("email_change_asked", "/email-change")):
        opened = await other_browser.get(f"{page}?token={await sealed(kind)}")
        assert (opened.status_code, opened["Location"]) == (303, page)
        assert opened["Referrer-Policy"] == "no-referrer"
        assert await email_of(ana) == ana.email
        assert (await other_browser.send(page)).status_code == 303
    assert await email_of(ana) == NEW
    assert NEW in (await browser.get("/settings/profile")).content.decode()


async def test_a14_a_new_password_ends_the_wish_of_whoever_knew_the_old_one(
    api: Api, other_api: Api, ana: User
) -> None:
    await asked(other_api, ana)
    await confirmed("confirm_new_email")
    await api.sign_in(ana.email)
    change = {"current_password": PASSWORD, "new_password": "a river at dawn, quiet"}
    assert (await api.post("auth/me/password", change)).status_code == 204
    assert not await EmailChange.objects.waiting().aexists()
    assert await AuditEvent.objects.filter(action="email_change.stopped", user_id=ana.id).acount() == 1


async def test_a14_it_can_be_stopped_in_the_browser(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    await browser.send("/settings/email", email=NEW)
    await other_browser.get(f"/email-change?token={await sealed('email_change_asked')}")
    assert (await other_browser.send("/email-change", stop="1")).status_code == 303
    assert await confirmed("confirm_new_email") == 410
