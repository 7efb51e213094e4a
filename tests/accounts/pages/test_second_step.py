"""A second factor after the password, in the browser, and the pages that set one up."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from accounts.models import RecoveryCode, Session, Totp, User
from accounts.wiring import session_service
from tests.accounts.api.test_reauthentication import age_proofs
from tests.accounts.conftest import Api, Browser, mails
from tests.accounts.second_factors import code, enrol
from tests.conftest import PASSWORD

SET_UP = "/settings/security/authenticator"


async def test_a10_an_app_is_set_up_by_page_and_asked_for_afterwards(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    started = await browser.send(f"{SET_UP}/start", shown_at="/settings/security")
    assert (started.status_code, started["Location"]) == (303, SET_UP)
    page = (await browser.get(SET_UP)).content.decode()
    assert "<svg" in page
    secret = re.search(r'id="totp-secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert secret
    wrong = await browser.send(SET_UP, otp="000000")
    assert wrong.status_code == 422
    codes = await browser.send(SET_UP, otp=code(secret[1].replace(" ", "")))
    shown = re.findall(r"\b[a-hjkmnp-z2-9]{5}-[a-hjkmnp-z2-9]{5}\b", codes.content.decode())
    assert len(set(shown)) == 10
    assert "Set up" in (await browser.get("/settings/security")).content.decode()
    assert shown[0] not in (await browser.get("/settings/security")).content.decode()
    await Totp.objects.aupdate(last_step=0)

    step = await other_browser.sign_in(ana.email, next="/settings/profile?a=1")
    assert (step.status_code, step["Location"]) == (303, "/sign-in/second-step")
    assert (await other_browser.get("/settings/profile")).status_code == 302
    refused = await other_browser.send("/sign-in/second-step", otp="000000")
    assert (refused.status_code, "This code does not work" in refused.content.decode()) == (422, True)
    done = await other_browser.send("/sign-in/second-step", otp=code(secret[1].replace(" ", "")))
    assert (done.status_code, done["Location"]) == (303, "/settings/profile?a=1")
    assert (await other_browser.get("/settings/profile")).status_code == 200


async def test_a10_a_recovery_code_signs_in_by_page(api: Api, browser: Browser, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await browser.sign_in(ana.email)
    assert (await browser.send("/sign-in/second-step", otp=codes[0]))["Location"] == "/"
    assert "9 of 10 left" in (await browser.get("/settings/security")).content.decode()


async def test_the_second_step_belongs_to_its_browser_and_ends_after_five_minutes(
    api: Api, browser: Browser, other_browser: Browser, ana: User
) -> None:
    await enrol(api, ana)
    elsewhere = await other_browser.get("/sign-in/second-step")
    assert elsewhere["Location"] == "/sign-in"
    await browser.sign_in(ana.email, next="/settings/profile")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        late = await browser.get("/sign-in/second-step")
        assert late["Location"] == "/sign-in?next=%2Fsettings%2Fprofile"
        assert "start again with your password" in (await browser.get(late["Location"])).content.decode()
        assert (await browser.get("/settings/profile")).status_code == 302


async def test_the_second_step_ends_when_the_password_changes(api: Api, browser: Browser, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    await browser.sign_in(ana.email)
    page = (await browser.get("/sign-in/second-step")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    change = {"current_password": PASSWORD, "new_password": "gigantic wombat on a bicycle"}
    assert (await api.post("auth/me/password", change)).status_code == 204
    body = {"otp": code(secret), "csrfmiddlewaretoken": token}
    late = await browser.client.post("/sign-in/second-step", body)
    assert late["Location"] == "/sign-in"
    assert await Session.objects.filter(kind="browser").acount() == 0


async def test_the_sign_in_page_stays_reachable_from_the_second_step(
    api: Api, browser: Browser, ana: User
) -> None:
    await enrol(api, ana)
    await browser.sign_in(ana.email)
    assert (await browser.get("/sign-in")).status_code == 200
    again = await browser.sign_in(ana.email)
    assert again["Location"] == "/sign-in/second-step"


async def test_a11_pages_that_change_second_factors_ask_for_a_fresh_proof(
    api: Api, browser: Browser, ana: User
) -> None:
    secret, codes = await enrol(api, ana)
    await browser.sign_in(ana.email)
    await browser.send("/sign-in/second-step", otp=codes[0])
    await age_proofs()
    for path in (SET_UP, f"{SET_UP}/remove", "/settings/security/recovery-codes"):
        asked = await browser.get(path)
        assert asked["Location"] == f"/reauthenticate?next={path.replace('/', '%2F')}"
    page = (await browser.get("/settings/security")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    lost = await browser.client.post(
        f"{SET_UP}/remove",
        {"csrfmiddlewaretoken": token},
        headers={"referer": "http://testserver/settings/security"},
    )
    assert lost["Location"] == "/reauthenticate?next=%2Fsettings%2Fsecurity"
    assert "Nothing was done yet" in (await browser.get(lost["Location"])).content.decode()
    assert await Totp.objects.aexists()
    without = await browser.send("/reauthenticate", password=PASSWORD)
    assert "Enter the code as well." in without.content.decode()
    proof = {"password": PASSWORD, "otp": code(secret), "next": f"{SET_UP}/remove"}
    assert (await browser.send("/reauthenticate", **proof))["Location"] == f"{SET_UP}/remove"
    assert "Remove the authenticator app?" in (await browser.get(f"{SET_UP}/remove")).content.decode()
    await browser.send(f"{SET_UP}/remove")
    assert not await Totp.objects.aexists()


async def test_new_recovery_codes_are_shown_once(api: Api, browser: Browser, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await browser.sign_in(ana.email)
    await browser.send("/sign-in/second-step", otp=codes[0])
    made = await browser.send("/settings/security/recovery-codes")
    assert len(re.findall(r"\b[a-hjkmnp-z2-9]{5}-[a-hjkmnp-z2-9]{5}\b", made.content.decode())) >= 10
    assert made["Cache-Control"] == "no-store"
    assert await RecoveryCode.objects.filter(used_at=None).acount() == 10


async def test_a10_staff_without_a_second_factor_set_one_up_and_do_nothing_else(
    browser: Browser, make_user: Any, ana: User
) -> None:
    await User.objects.filter(id=ana.id).aupdate(is_staff=True)
    await browser.sign_in(ana.email)
    for path in ("/", "/settings/profile", "/settings/sessions", "/connections", "/admin/"):
        assert (await browser.get(path))["Location"] == "/settings/security", path
    assert "Staff need a second factor" in (await browser.get("/settings/security")).content.decode()
    await browser.send(f"{SET_UP}/start", shown_at="/settings/security")
    page = (await browser.get(SET_UP)).content.decode()
    secret = re.search(r'id="totp-secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert secret
    await browser.send(SET_UP, otp=code(secret[1].replace(" ", "")))
    assert (await browser.get("/settings/profile")).status_code == 200
    kept = await browser.send(f"{SET_UP}/remove")
    assert kept["Location"] == "/settings/security"
    assert "Staff need a second factor" in (await browser.get("/settings/security")).content.decode()
    assert await Totp.objects.aexists()


async def test_a_sign_in_from_a_new_device_is_told_by_mail(browser: Browser, api: Api, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert await mails("new_device") == []  # the first one is no news
    await browser.send("/sign-out", shown_at="/settings/profile")
    await browser.sign_in(ana.email)
    assert await mails("new_device") == []
    await Browser().sign_in(ana.email)
    (told,) = await mails("new_device")
    assert (told.to, told.context["network"]) == (ana.email, "127.0.0.0/24")
    for agent, count in (("books/1.0", 2), ("books/1.1", 2), ("Mozilla/5.0 (X11; Linux) Firefox/140.0", 3)):
        body = {"email": ana.email, "password": PASSWORD}
        assert (await api.post("auth/tokens", body, **{"user-agent": agent})).status_code == 200
        assert len(await mails("new_device")) == count, agent


async def test_a10_staff_whose_session_has_no_second_factor_show_theirs(
    api: Api, browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    secret, _ = await enrol(api, ana)
    await User.objects.filter(id=ana.id).aupdate(is_staff=True)
    await session_service().forget([session.id async for session in Session.objects.all()])
    assert (await browser.get("/settings/profile"))["Location"] == "/settings/security"
    assert "Show your second factor" in (await browser.get("/settings/security")).content.decode()
    proof = {"password": PASSWORD, "otp": code(secret)}
    assert (await browser.send("/reauthenticate", **proof))["Location"] == "/"
    assert (await browser.get("/settings/profile")).status_code == 200
