"""A stranger who signs up with another person's address, or knew their password, keeps nothing once they come."""

from typing import Any

import pytest

from accounts.models import AuditEvent, EmailChange, OneTimeLink, Passkey, SignUp, Totp, User
from accounts.models.sign_up import MOST_WAITING
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.accounts.pages.software_passkey import SoftwarePasskey
from tests.accounts.pages.test_passkeys import enrolled, options, sign_in
from tests.accounts.second_factors import enrol
from tests.conftest import PASSWORD

EMAIL = "vera@example.org"
OWN, THEIRS, NEW = PASSWORD, "the squatter knows this one", "gigantic wombat on a bicycle"
CONFIRM = "auth/email-verifications"


@pytest.fixture(autouse=True)
def _public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"


async def _sign_up(api: Api, password: str, name: str = "Vera") -> str:
    """Sign up, and return the token of the mail that this causes."""
    signed_up = await api.post("auth/users", {"email": EMAIL, "password": password, "name": name})
    assert signed_up.status_code == 202
    return await link_token("verify_email")


async def _opens(password: str, email: str = EMAIL) -> bool:
    answer = await Api().post("auth/tokens", {"email": email, "password": password})
    return bool(answer.status_code == 200)


async def _reset(api: Api, email: str = EMAIL, **fields: Any) -> None:
    assert (await api.post("auth/password-resets", {"email": email})).status_code == 202
    body = {"token": await link_token("reset_password"), "password": NEW, **fields}
    assert (await api.post("auth/password-resets/confirm", body)).status_code == 204


@pytest.mark.parametrize("owner_is_first", [True, False])
async def test_s07_the_link_of_the_other_s_sign_up_never_confirms_their_password(
    api: Api, db: None, owner_is_first: bool
) -> None:
    passwords = (OWN, THEIRS) if owner_is_first else (THEIRS, OWN)
    tokens = {password: await _sign_up(api, password) for password in passwords}
    for token in tokens.values():
        asked = await api.post(CONFIRM, {"token": token})
        assert (asked.status_code, asked.json()["code"]) == (409, "sign_up_contested")
    other = await api.post(CONFIRM, {"token": tokens[THEIRS], "password": OWN})
    assert [error["code"] for error in other.json()["errors"]] == ["wrong_password"]
    assert not await _opens(OWN)
    assert (await api.post(CONFIRM, {"token": tokens[OWN], "password": OWN})).status_code == 204
    assert await _opens(OWN)
    assert not await _opens(THEIRS)
    late = await api.post(CONFIRM, {"token": tokens[THEIRS], "password": THEIRS})
    assert (late.status_code, late.json()["code"]) == (410, "link_not_valid")
    assert not await SignUp.objects.aexists()


async def test_s07_a_link_confirms_what_was_chosen_in_its_own_sign_up(api: Api, db: None) -> None:
    token = await _sign_up(api, OWN)
    await _sign_up(api, THEIRS, name="Mallory")
    await api.post(CONFIRM, {"token": token, "password": OWN})
    await api.sign_in(EMAIL, OWN)
    assert (await api.get("auth/me")).json()["name"] == "Vera"


async def test_s07_a_mail_sent_again_goes_with_a_password_too(api: Api, db: None) -> None:
    own = await _sign_up(api, OWN)
    await _sign_up(api, THEIRS)
    await api.post("auth/email-verifications/resend", {"email": EMAIL})
    again = await link_token("verify_email")
    assert (await api.post(CONFIRM, {"token": again})).status_code == 409
    assert (await api.post(CONFIRM, {"token": again, "password": OWN})).status_code == 400
    assert (await api.post(CONFIRM, {"token": own, "password": OWN})).status_code == 204
    assert not await _opens(THEIRS)


async def test_s07_a_reset_of_an_unconfirmed_address_discards_all_sign_ups(api: Api, db: None) -> None:
    tokens = {password: await _sign_up(api, password) for password in (OWN, THEIRS)}
    await _reset(api)
    assert await _opens(NEW)
    for password, token in tokens.items():
        assert (await api.post(CONFIRM, {"token": token, "password": password})).status_code == 410
        assert not await _opens(password)


async def test_s07_an_account_from_before_an_update_is_one_of_the_sign_ups(api: Api, make_user: Any) -> None:
    old = await run_db(make_user, "Vera", email=EMAIL, email_verified_at=None)
    await run_db(User.objects.mail_link, email=old.email, purpose=OneTimeLink.Purpose.VERIFY_EMAIL)
    token = await link_token("verify_email")
    await _sign_up(api, THEIRS)
    assert (await api.post(CONFIRM, {"token": token})).status_code == 409
    assert (await api.post(CONFIRM, {"token": token, "password": PASSWORD})).status_code == 204
    assert await _opens(PASSWORD)


async def test_s07_a_flood_of_sign_ups_neither_fills_the_table_nor_keeps_the_owner_out(db: None) -> None:
    for number in range(MOST_WAITING + 1):
        await run_db(User.objects.register, email=EMAIL, password_hash=f"hash {number}", name="Mallory")
    assert await SignUp.objects.acount() == MOST_WAITING
    assert len(await mails("verify_email")) == MOST_WAITING
    assert [mail.to for mail in await mails("reset_password")] == [EMAIL]


async def test_s07_the_page_asks_for_the_password_that_was_chosen(
    api: Api, browser: Browser, db: None
) -> None:
    own, theirs = await _sign_up(api, OWN), await _sign_up(api, THEIRS)
    await browser.get(f"/verify-email?token={theirs}")
    asked = await browser.send("/verify-email")
    assert asked.status_code == 422
    assert "The password you chose" in asked.content.decode()
    wrong = await browser.send("/verify-email", password=OWN)
    assert "This link goes with another password" in wrong.content.decode()
    assert OWN not in wrong.content.decode()
    await browser.get(f"/verify-email?token={own}")
    done = await browser.send("/verify-email", password=OWN)
    assert (done.status_code, done["Location"]) == (303, "/sign-in")
    assert await _opens(OWN)


async def _make_key(api: Api, name: str) -> dict[str, Any]:
    made = await api.post("auth/api-keys", {"name": name, "scopes": ["read"]})
    assert made.status_code == 201, made.content
    key: dict[str, Any] = made.json()
    return key


async def _works(key: dict[str, Any]) -> bool:
    program = Api()
    program.token = key["key"]
    return bool((await program.get("accounts")).status_code == 200)


async def test_s07_a_reset_by_mail_ends_the_api_keys_that_a_thief_made(
    api: Api, other_api: Api, ana: User
) -> None:
    await other_api.sign_in(ana.email)
    thiefs, own = await _make_key(other_api, "thief"), await _make_key(other_api, "own")
    assert await _works(thiefs)
    await _reset(api, ana.email, keep_api_keys=[own["id"]])
    assert not await _works(thiefs)
    assert await _works(own)
    ended = await AuditEvent.objects.aget(action="api_key.ended")
    assert ended.detail == {"api_key_id": thiefs["id"], "reason": "password_reset"}


async def test_s07_nobody_keeps_the_keys_of_another_person(
    api: Api, other_api: Api, ana: User, ben: User
) -> None:
    await other_api.sign_in(ben.email)
    bens = await _make_key(other_api, "ben's")
    await _reset(api, ana.email, keep_api_keys=[bens["id"]])
    assert await _works(bens)
    for wrong in ("x", ["x"], ["00000000-0000-0000-0000-000000000000"] * 101):
        body = {"token": "A" * 75, "password": NEW, "keep_api_keys": wrong}
        assert (await api.post("auth/password-resets/confirm", body)).status_code == 400, wrong


async def test_s07_the_page_shows_the_keys_and_keeps_those_that_are_chosen(
    api: Api, browser: Browser, ana: User
) -> None:
    await api.sign_in(ana.email)
    thiefs, own = await _make_key(api, "thief"), await _make_key(api, "own")
    await browser.send("/forgot-password", email=ana.email)
    await browser.get(f"/reset-password?token={await link_token('reset_password')}")
    page = (await browser.get("/reset-password")).content.decode()
    assert "thief (…" in page
    done = await browser.send("/reset-password", password=NEW, keep_api_keys=own["id"])
    assert done.status_code == 303
    assert not await _works(thiefs)
    assert await _works(own)


async def test_s07_a_change_of_address_asked_for_by_a_thief_ends_with_the_reset(
    api: Api, other_api: Api, ana: User
) -> None:
    await other_api.sign_in(ana.email)
    await other_api.post("auth/me/email", {"email": "thief@example.org"})
    change = await EmailChange.objects.aget()
    await _reset(api, ana.email)
    token = sealed_tokens.seal("confirm_new_email", change.id)
    assert (await api.post("auth/email-changes/confirm", {"token": token})).status_code == 410
    assert (await User.objects.aget(id=ana.id)).email == ana.email


async def test_s07_a_passkey_from_before_a_reset_no_longer_signs_in_alone(
    browser: Browser, ana: User
) -> None:
    key = await enrolled(ana)
    assert (await sign_in(Browser(), key))["Location"] == "/"
    await _reset(Api(), ana.email)
    assert (await sign_in(browser, key))["Location"] == "/sign-in"
    assert "new password by mail" in (await browser.get("/sign-in")).content.decode()
    assert (await browser.get("/settings/profile")).status_code == 302
    await _show_after_password(browser, ana, key)
    assert (await browser.get("/settings/profile")).status_code == 200
    assert (await sign_in(Browser(), key))["Location"] == "/"


async def _show_after_password(browser: Browser, user: User, key: SoftwarePasskey) -> None:
    await browser.sign_in(user.email, NEW)
    asked = await options(browser, "second", "/sign-in/second-step")
    shown = key.get(asked)
    await browser.send("/sign-in/second-step/passkey", shown_at="/sign-in/second-step", credential=shown)


async def test_s07_a_second_step_begun_with_the_old_password_restores_no_passkey(
    browser: Browser, ana: User
) -> None:
    key = await enrolled(ana)
    await browser.sign_in(ana.email)
    asked = await options(browser, "second", "/sign-in/second-step")
    await _reset(Api(), ana.email)
    shown = key.get(asked)
    await browser.send("/sign-in/second-step/passkey", shown_at="/forgot-password", credential=shown)
    assert (await browser.get("/settings/profile")).status_code == 302
    assert not (await Passkey.objects.aget()).alone


async def test_s07_a_reset_by_mail_alone_gets_nobody_past_a_second_factor(api: Api, ana: User) -> None:
    await enrol(api, ana)
    await _reset(Api(), ana.email)
    answer = await Api().post("auth/tokens", {"email": ana.email, "password": NEW})
    assert (answer.status_code, answer.json()["code"]) == (401, "otp_required")
    assert await Totp.objects.aexists()
