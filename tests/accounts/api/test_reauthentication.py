"""Reauthentication: a recent proof of identity before changes that a stolen session must not make."""

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import AuditEvent, Session, User
from accounts.wiring import session_service
from tests.accounts.conftest import Api, Browser
from tests.conftest import PASSWORD


async def age_proofs(minutes: int = 6) -> None:
    """Make all proofs of identity older than the few minutes that they count."""
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=minutes))
    await session_service().forget([session.id async for session in Session.objects.all()])


async def test_a_fresh_proof_over_the_api_takes_the_password(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await age_proofs()
    wrong = await api.post("auth/reauthentications", {"password": "certainly not it"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "wrong_password")
    assert (await Session.objects.aget()).authenticated_at < timezone.now() - timedelta(minutes=5)
    right = await api.post("auth/reauthentications", {"password": PASSWORD})
    assert (right.status_code, right.content) == (204, b"")
    assert (await Session.objects.aget()).authenticated_at > timezone.now() - timedelta(minutes=1)
    assert (await api.get("auth/me")).status_code == 200
    assert await AuditEvent.objects.filter(action="session.reauthenticated", user_id=ana.id).acount() == 1


async def test_passwords_cannot_be_guessed_through_a_stolen_session(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    answers = [(await api.post("auth/reauthentications", {"password": "no"})).status_code for _ in range(12)]
    assert set(answers) == {400, 429}
    assert answers[-1] == 429
    assert (await api.post("auth/reauthentications", {"password": PASSWORD})).status_code == 429


async def test_a12_the_cookie_is_new_after_a_fresh_proof_and_the_old_one_opens_nothing(
    browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    old = browser.client.cookies["session"].value
    done = await browser.send(
        "/reauthenticate", shown_at="/reauthenticate?next=/settings/profile", password=PASSWORD
    )
    assert (done.status_code, done["Location"]) == (303, "/settings/profile")
    new = browser.client.cookies["session"].value
    assert new != old
    assert (await browser.get("/settings/profile")).status_code == 200
    thief = Browser()
    thief.client.cookies["session"] = old
    assert (await thief.get("/settings/profile")).status_code == 302
    assert (await browser.get("/settings/profile")).status_code == 200


async def test_a12_a_planted_session_is_not_the_one_that_signing_in_opens(
    browser: Browser, ana: User
) -> None:
    await browser.get("/sign-up")
    await browser.send("/sign-up", name="N.", email="n@example.org", password=PASSWORD)  # fills the cookie
    planted = browser.client.cookies["session"].value
    await browser.sign_in(ana.email)
    assert browser.client.cookies["session"].value != planted
    attacker = Browser()
    attacker.client.cookies["session"] = planted
    assert (await attacker.get("/settings/profile")).status_code == 302


async def test_a_wrong_password_on_the_page_proves_nothing(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    await age_proofs()
    wrong = await browser.send("/reauthenticate", password="certainly not it")
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.content.decode()
    assert (await Session.objects.aget()).authenticated_at < timezone.now() - timedelta(minutes=5)


async def test_nobody_is_led_from_the_proof_to_a_foreign_page(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    for wanted in ("//evil.example", "https://evil.example/", "javascript:alert(1)"):
        done = await browser.send("/reauthenticate", password=PASSWORD, next=wanted)
        assert done["Location"] == "/", wanted


async def test_t11_who_will_not_prove_it_goes_back_to_where_they_were(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    await age_proofs()
    ours, wanted = "http://testserver", "/settings/api-keys/new"
    for page, cancel in (
        (f"{ours}/settings/api-keys", "/settings/api-keys"),
        (f"{ours}{wanted}", "/"),  # it would ask again
        ("https://evil.example/settings/api-keys", "/"),
        (f"{ours}//evil.example", "/"),
    ):
        shown = await browser.get(f"/reauthenticate?next={wanted}", referer=page)
        back = re.search(r'name="back"(?: value="([^"]*)")?', shown.content.decode())
        assert back
        typed = {"password": "certainly not it", "next": wanted, "back": back[1] or ""}
        for answer in (shown, await browser.send("/reauthenticate", **typed)):
            assert f'href="{cancel}">Cancel</a>' in answer.content.decode(), page


async def test_whoever_is_not_signed_in_is_asked_to_sign_in_instead(browser: Browser, db: None) -> None:
    answer = await browser.get("/reauthenticate")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=%2Freauthenticate")


async def test_the_old_cookie_is_refused_without_a_cache_too(
    browser: Browser, ana: User, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    await browser.sign_in(ana.email)
    old = browser.client.cookies["session"].value
    await browser.send("/reauthenticate", password=PASSWORD)
    assert (await browser.get("/settings/profile")).status_code == 200
    thief = Browser()
    thief.client.cookies["session"] = old
    assert (await thief.get("/settings/profile")).status_code == 302
