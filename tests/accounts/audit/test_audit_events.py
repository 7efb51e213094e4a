"""The audit log: every sign-in and change, with actor, network and request."""

from typing import Any

from accounts.models import AuditEvent, Session, User
from accounts.models.audit import A_FEW
from dashtam.bridge.doors import finish_kept, run_db
from tests.accounts.conftest import Api, Browser, link_token
from tests.conftest import PASSWORD

NEW_PASSWORD = "another quiet river at dawn"


async def events(user: User, *actions: str) -> list[AuditEvent]:
    """The user's events, oldest first; failed sign-ins are written after the answer."""
    await finish_kept()
    found = AuditEvent.objects.filter(user_id=user.id).order_by("id")
    return [event async for event in (found.filter(action__in=actions) if actions else found)]


async def actions(user: User) -> list[str]:
    return [event.action for event in await events(user)]


async def test_n2_a_sign_in_is_kept_with_who_when_where_and_request(api: Api, ana: User) -> None:
    answer = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    (event,) = await events(ana)
    session = await Session.objects.aget()
    assert (event.action, event.user_id, event.actor_id) == ("session.opened", ana.id, ana.id)
    assert event.detail == {"session_id": str(session.id), "kind": "api", "factor": ""}
    assert event.ip == "127.0.0.0/24"
    assert event.request_id == answer["X-Request-Id"]
    assert abs((event.at - session.created_at).total_seconds()) < 5


async def test_n2_from_registration_to_a_forgotten_password(api: Api, db: None) -> None:
    email = "nora@example.org"
    await api.post("auth/users", {"email": email, "password": PASSWORD, "name": "Nora"})
    nora = await User.objects.aget(email=email)
    await api.post("auth/email-verifications/resend", {"email": email})
    await api.post("auth/email-verifications", {"token": await link_token("verify_email")})
    await api.post("auth/password-resets", {"email": email})
    token = await link_token("reset_password")
    await api.post("auth/password-resets/confirm", {"token": token, "password": NEW_PASSWORD})
    assert await actions(nora) == [
        "account.registered",
        "verify_email.requested",
        "email.verified",
        "reset_password.requested",
        "password.reset",
    ]


async def test_n2_a_changed_password_and_the_sessions_it_ends(
    api: Api, other_api: Api, browser: Browser, ana: User
) -> None:
    await other_api.sign_in(ana.email)
    await api.sign_in(ana.email)
    await api.post("auth/me/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    changed, ended = (await events(ana))[2:]
    assert (changed.action, ended.action) == ("password.changed", "session.ended")
    assert ended.detail["reason"] == "password_changed"
    assert changed.request_id == ended.request_id


async def test_n2_signing_out_and_a_reused_refresh_token(api: Api, browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    await browser.send("/sign-out", shown_at="/")
    first = (await api.sign_in(ana.email))["refresh_token"]
    for _ in range(2):
        pair = (await api.post("auth/tokens/refresh", {"refresh_token": first})).json()
        await api.post("auth/tokens/refresh", {"refresh_token": pair.get("refresh_token", first)})
    reasons = [event.detail["reason"] for event in await events(ana, "session.ended")]
    assert reasons == ["signed_out", "refresh_token_reused"]


async def test_n2_a_refused_sign_in_is_kept_for_those_it_was_about_by_nobody(api: Api, ana: User) -> None:
    answer = await api.post("auth/tokens", {"email": ana.email, "password": "not the right one at all"})
    assert answer.status_code == 401
    (event,) = await events(ana)
    assert (event.action, event.actor_id) == ("sign_in.refused", None)
    assert event.detail == {"reason": "wrong_password"}
    assert event.request_id == answer["X-Request-Id"]


async def test_n2_a_right_password_that_may_not_sign_in_is_kept_as_such(api: Api, make_user: Any) -> None:
    off = await run_db(make_user, "Olga", is_active=False)
    assert (await api.post("auth/tokens", {"email": off.email, "password": PASSWORD})).status_code == 401
    assert [event.detail for event in await events(off)] == [{"reason": "not_allowed"}]


async def test_n2_of_an_unknown_address_nothing_is_kept(api: Api, db: None) -> None:
    await api.post("auth/tokens", {"email": "nobody@example.org", "password": PASSWORD})
    await api.post("auth/password-resets", {"email": "nobody@example.org"})
    await finish_kept()
    assert not await AuditEvent.objects.aexists()


def test_n2_strangers_cannot_fill_the_log(ana: User) -> None:
    for _ in range(3 * A_FEW):
        AuditEvent.objects.record_a_few("sign_in.refused", user_id=ana.id, reason="wrong_password")
    AuditEvent.objects.record_a_few("reset_password.requested", user_id=ana.id)
    assert AuditEvent.objects.filter(action="sign_in.refused").count() == A_FEW
    assert AuditEvent.objects.count() == A_FEW + 1


async def test_n2_signing_up_with_a_known_address_is_kept_for_its_owner(api: Api, ana: User) -> None:
    await api.post("auth/users", {"email": ana.email, "password": NEW_PASSWORD, "name": "Mallory"})
    (event,) = await events(ana)
    assert (event.action, event.actor_id) == ("account.sign_up_repeated", None)


async def test_a_session_that_two_people_end_at_once_ends_once(ana: User) -> None:
    session = Session.objects.made(user_id=ana.id, kind="api", user_agent="", ip=None)
    await run_db(session.save)
    assert len(await run_db(Session.objects.end, id=session.id, reason="signed_out")) == 1
    assert await run_db(Session.objects.end, id=session.id, reason="ended_by_user") == []
    assert await actions(ana) == ["session.ended"]


async def test_nothing_of_a_person_is_left_in_the_log_when_they_have_gone(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.post("auth/tokens", {"email": ana.email, "password": "not the right one at all"})
    await finish_kept()
    kept = [str(row) async for row in AuditEvent.objects.values()]
    assert len(kept) == 2
    for row in kept:
        for personal in (ana.email, ana.name, "127.0.0.1"):
            assert personal not in row
    await run_db(User.objects.filter(id=ana.id).delete)
    assert await AuditEvent.objects.filter(user_id=ana.id).acount() == 2
