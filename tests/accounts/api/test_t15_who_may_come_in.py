"""The door: open, by invitation, or closed after the first person, whose installation it is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts import wiring
from accounts.errors import SignUpClosed
from accounts.models import AuditEvent, Invitation, OneTimeLink, Session, User
from accounts.models.admission.invitation import WORKS_FOR
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from tests.accounts.conftest import Api, link_token, mails
from tests.conftest import PASSWORD

NEWCOMER = {"email": "zoe@example.org", "password": PASSWORD, "name": "Zoë"}


def body(name: str, **more: str) -> dict[str, str]:
    return {"email": f"{name}@example.org", "password": PASSWORD, "name": name.title(), **more}


async def confirm(api: Api, token: str = "") -> Any:
    token = token or await link_token("verify_email")
    return await api.post("auth/email-verifications", {"token": token})


async def root_api(root: User) -> Api:
    """A superuser's program, signed in with a second factor just now."""

    def session() -> Session:
        made = Session.objects.made(user_id=root.id, kind="api", user_agent="", ip=None, mfa=True)
        made.save(force_insert=True)
        made.user = root
        return made

    program = Api()
    pair = await wiring.auth_service().create_token_pair(await run_db(session))
    program.token = pair.access_token
    return program


@pytest.fixture
def root(make_user: Any) -> User:
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


async def invited(program: Api, email: str) -> str:
    answer = await program.post("auth/invitations", {"email": email})
    assert answer.status_code == 201, answer.content
    return sealed_tokens.seal("invitation", (await Invitation.objects.aget(id=answer.json()["id"])).id)


@pytest.mark.parametrize("mode", ["closed", "invitation"])
async def test_t15_the_first_person_comes_in_and_it_is_theirs_then_the_door_is_shut(
    mode: str, api: Api, db: None, settings: Any
) -> None:
    settings.SIGN_UP, settings.ADMINS = mode, [("A", "admin@example.org")]
    assert (await api.post("auth/users", body("zoe"))).status_code == 202
    assert (await api.post("auth/users", body("late"))).status_code == 202  # nobody is confirmed yet
    late = await link_token("verify_email")
    first = await OneTimeLink.objects.aget(email="zoe@example.org")
    assert (await confirm(api, sealed_tokens.seal("verify_email", first.id))).status_code == 204
    zoe = await User.objects.aget(email="zoe@example.org")
    assert (zoe.is_staff, zoe.is_superuser) == (True, True)
    assert await AuditEvent.objects.filter(action="superuser.made", user_id=zoe.id).aexists()
    assert [mail.to for mail in await mails("superuser_made")] == ["admin@example.org"]
    code = "sign_up_closed" if mode == "closed" else "invitation_needed"
    known = await api.post("auth/users", body("zoe"))
    unknown = await api.post("auth/users", body("other"))
    for refused in (known, unknown):
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert {**known.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    # Who signed up beside the first person came too late, by any link.
    beside = await confirm(api, late)
    assert (beside.status_code, beside.json()["code"]) == (403, "sign_up_closed")
    await api.post("auth/password-resets", {"email": "late@example.org"})
    reset = {"token": await link_token("reset_password"), "password": "an entirely other phrase"}
    assert (await api.post("auth/password-resets/confirm", reset)).status_code == 403
    assert (await User.objects.aget(email="late@example.org")).email_verified_at is None


async def test_t15_those_who_signed_up_while_it_was_open_still_confirm(
    api: Api, ana: User, settings: Any
) -> None:
    assert (await api.post("auth/users", NEWCOMER)).status_code == 202
    settings.SIGN_UP = "closed"
    assert (await confirm(api)).status_code == 204
    zoe = await User.objects.aget(email=NEWCOMER["email"])
    assert (zoe.is_staff, zoe.is_superuser) == (False, False)


async def test_t15_where_it_is_open_nobody_becomes_staff_by_signing_up(api: Api, db: None) -> None:
    await api.post("auth/users", NEWCOMER)
    await confirm(api)
    assert not (await User.objects.aget()).is_staff


@pytest.mark.django_db(transaction=True)
async def test_t15_of_two_who_confirm_at_once_one_is_the_first(settings: Any) -> None:
    settings.SIGN_UP = "closed"
    for name in ("zoe", "max"):
        await run_db(User.objects.register, email=f"{name}@example.org", password_hash="x", name=name)
    ids = [link.id async for link in OneTimeLink.objects.all()]
    tried = [run_db(User.objects.verify_email, link_id=each, proved=False) for each in ids]
    done = await asyncio.gather(*tried, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["SignUpClosed", "Verified"]
    assert await User.objects.filter(is_superuser=True).acount() == 1


async def test_t15_an_invitation_lets_its_one_address_in_once_and_confirms_it(
    api: Api, root: User, settings: Any
) -> None:
    settings.SIGN_UP = "invitation"
    token = await invited(await root_api(root), "zoe@example.org")
    (mail,) = await mails("invitation")
    assert (mail.to, mail.context["inviter"]) == ("zoe@example.org", root.email)
    elsewhere = await api.post("auth/users", body("eve", invitation=token))
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["code"]) == (400, "not_invited")
    weak = await api.post("auth/users", NEWCOMER | {"invitation": token, "password": "short"})
    assert weak.status_code == 400
    assert (await api.post("auth/users", NEWCOMER | {"invitation": token})).status_code == 202
    await api.sign_in("zoe@example.org")
    zoe = await User.objects.aget(email="zoe@example.org")
    assert (zoe.is_staff, zoe.email_verified_at is None) == (False, False)
    again = await api.post("auth/users", NEWCOMER | {"invitation": token, "password": "an other phrase here"})
    assert (again.status_code, again.json()["code"]) == (410, "link_not_valid")
    words = {event.action async for event in AuditEvent.objects.filter(user_id=root.id)}
    assert {"invitation.sent", "invitation.used"} <= words


async def test_t15_invitations_end_by_time_by_a_newer_one_by_hand_and_with_their_sender(
    api: Api, root: User, settings: Any
) -> None:
    settings.SIGN_UP, program = "invitation", await root_api(root)

    async def outcome(token: str) -> Any:
        answer = await api.post("auth/users", NEWCOMER | {"invitation": token})
        return answer.json()["code"] if answer.content else answer.status_code

    older, newer = await invited(program, "zoe@example.org"), await invited(program, "zoe@example.org")
    assert await outcome(older) == "link_not_valid"
    for forged in ("", "x", sealed_tokens.seal("verify_email", (await Invitation.objects.afirst()).id)):  # type: ignore[union-attr]
        assert await outcome(forged) in {"link_not_valid", "invitation_needed", "validation_failed"}
    with time_machine.travel(timezone.now() + WORKS_FOR + timedelta(seconds=1), tick=False):
        assert await outcome(newer) == "link_not_valid"
    settings.SIGN_UP = "closed"
    assert await outcome(newer) == "sign_up_closed"
    settings.SIGN_UP = "invitation"
    await User.objects.filter(id=root.id).aupdate(is_staff=False)
    assert await outcome(newer) == "link_not_valid"
    await User.objects.filter(id=root.id).aupdate(is_staff=True)
    (row,) = [
        row for row in (await program.get("auth/invitations")).json()["results"] if row["state"] == "waiting"
    ]
    assert (await program.call("DELETE", f"auth/invitations/{row['id']}")).status_code == 204
    assert await outcome(newer) == "link_not_valid"
    assert (await program.call("DELETE", f"auth/invitations/{row['id']}")).status_code == 404
    assert not await User.objects.filter(email="zoe@example.org").aexists()


async def test_t15_what_a_stranger_chose_with_the_address_before_is_gone(
    api: Api, root: User, settings: Any
) -> None:
    await api.post("auth/users", NEWCOMER | {"password": "the squatter knows this one"})
    squat = await link_token("verify_email")
    settings.SIGN_UP = "invitation"
    token = await invited(await root_api(root), "zoe@example.org")
    assert (await api.post("auth/users", NEWCOMER | {"invitation": token})).status_code == 202
    assert (await confirm(api, squat)).status_code == 410
    wrong = {"email": "zoe@example.org", "password": "the squatter knows this one"}
    assert (await api.post("auth/tokens", wrong)).status_code == 401
    await api.sign_in("zoe@example.org")


async def test_t15_only_staff_who_may_invite_and_an_invitation_tells_nothing_of_who_is_here(
    api: Api, ana: User, root: User, settings: Any
) -> None:
    settings.SIGN_UP = "invitation"
    await api.sign_in(ana.email)
    for method, path in (
        ("GET", "invitations"),
        ("POST", "invitations"),
        ("DELETE", f"invitations/{ana.id}"),
    ):
        refused = await api.call(
            method, f"auth/{path}", {"email": "x@example.org"} if method == "POST" else None
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    program = await root_api(root)
    known = await program.post("auth/invitations", {"email": ana.email})
    unknown = await program.post("auth/invitations", {"email": "max@example.org"})
    assert (known.status_code, known.json().keys()) == (unknown.status_code, unknown.json().keys())
    assert [mail.to for mail in await mails("invitation_known")] == [ana.email]
    token = sealed_tokens.seal("invitation", (await Invitation.objects.aget(email=ana.email)).id)
    taken = await api.post(
        "auth/users", {"email": ana.email, "password": PASSWORD, "name": "Eve", "invitation": token}
    )
    assert taken.status_code == 410
    assert (await User.objects.aget(id=ana.id)).name == ana.name
    settings.SIGN_UP = "closed"
    assert (await program.post("auth/invitations", {"email": "max@example.org"})).status_code == 403


def test_t15_of_two_that_use_one_invitation_at_once_one_gets_in(root: User, settings: Any) -> None:
    settings.SIGN_UP = "invitation"
    sent = Invitation.objects.send(user_id=root.id, email="zoe@example.org")
    chosen: dict[str, Any] = {
        "id": sent.id,
        "email": sent.email,
        "password_hash": "x",
        "name": "Z",
        "time_zone": "UTC",
    }
    assert Invitation.objects.accept(**chosen) is not None
    assert Invitation.objects.accept(**chosen) is None
    settings.SIGN_UP = "closed"
    with pytest.raises(SignUpClosed):
        User.objects.require_open_door()
