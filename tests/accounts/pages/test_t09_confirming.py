"""Confirming an address signs in the browser that made this very sign-up, once, and no other."""

from typing import Any

import pytest

from accounts.models import Session, SignUp, User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api, Browser, link_token
from tests.accounts.second_factors import enrol
from tests.conftest import PASSWORD

EMAIL = "zoe@example.org"
pytestmark = pytest.mark.django_db


async def signs_up(browser: Browser, password: str = PASSWORD, email: str = EMAIL) -> str:
    """Sign up by the page; returns the token of the mail."""
    sent = await browser.send("/sign-up", name="Zoe", email=email, password=password)
    assert sent.status_code == 303
    return await link_token("verify_email")


async def confirms(browser: Browser, token: str, **fields: str) -> Any:
    await browser.get(f"/verify-email?token={token}")
    return await browser.send("/verify-email", **fields)


async def is_signed_in(browser: Browser) -> bool:
    return bool((await browser.get("/settings/profile")).status_code == 200)


async def test_t09_the_browser_that_signed_up_is_signed_in(browser: Browser) -> None:
    done = await confirms(browser, await signs_up(browser))
    assert (done.status_code, done["Location"]) == (303, "/")
    page = (await browser.get("/settings/profile")).content.decode()
    assert EMAIL in page
    assert "Your address is confirmed. Welcome to Dashtam." in page
    session = await Session.objects.aget()
    assert (session.kind, session.mfa) == ("browser", False)


async def test_t09_any_other_browser_is_not(browser: Browser, other_browser: Browser) -> None:
    token = await signs_up(browser)
    done = await confirms(other_browser, token)
    assert (done.status_code, done["Location"]) == (303, "/sign-in")
    assert not await is_signed_in(other_browser)
    assert not await is_signed_in(browser)
    late = await confirms(browser, token)
    assert late.status_code == 422, "a link is used once"
    assert not await is_signed_in(browser)


async def test_t09_a_stranger_s_link_signs_in_neither_of_them(
    browser: Browser, other_browser: Browser
) -> None:
    """The owner has signed up here; the stranger, elsewhere, with another password and the same address."""
    theirs = await signs_up(other_browser, "the squatter knows this one")
    own = await signs_up(browser)
    for password in ("", "the squatter knows this one"):
        done = await confirms(browser, theirs, **({"password": password} if password else {}))
        assert not await is_signed_in(browser)
        if done.status_code == 303:
            break
    assert done["Location"] == "/sign-in"
    assert (await confirms(browser, own)).status_code == 422


async def test_t09_one_s_own_link_asks_for_the_password_where_there_are_others_and_signs_in(
    browser: Browser, other_browser: Browser
) -> None:
    await signs_up(other_browser, "the squatter knows this one")
    own = await signs_up(browser)
    assert (await confirms(browser, own)).status_code == 422
    done = await confirms(browser, own, password=PASSWORD)
    assert done["Location"] == "/"
    assert await is_signed_in(browser)
    assert not await is_signed_in(other_browser)


async def test_t09_only_the_latest_sign_up_of_a_browser_counts(browser: Browser) -> None:
    first = await signs_up(browser)
    await signs_up(browser, email="ella@example.org")
    assert (await confirms(browser, first))["Location"] == "/sign-in"
    assert not await is_signed_in(browser)


async def test_t09_a_sign_up_by_api_signs_no_browser_in(api: Api, browser: Browser) -> None:
    known = {"email": EMAIL, "password": PASSWORD, "name": "Zoe"}
    assert (await api.post("auth/users", known)).status_code == 202
    assert (await SignUp.objects.aget()).browser_hash is None
    assert (await confirms(browser, await link_token("verify_email")))["Location"] == "/sign-in"
    assert not await is_signed_in(browser)


async def test_t09_the_cookie_tells_nothing_of_whether_an_address_was_known(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    lengths = []
    for one, email in ((browser, ana.email), (other_browser, "x" * (len(ana.email) - 12) + "@example.org")):
        await one.send("/sign-up", name="Zoe", email=email, password=PASSWORD)
        lengths.append({name: len(morsel.value) for name, morsel in one.client.cookies.items()})
    assert lengths[0] == lengths[1]


async def test_t09_a_second_factor_is_asked_for_as_at_every_door(
    api: Api, browser: Browser, ana: User
) -> None:
    """An account whose address is to be confirmed again, and that has an authenticator app."""
    await enrol(api, ana)
    await User.objects.filter(id=ana.id).aupdate(email_verified_at=None)
    token = await signs_up(browser, email=ana.email)
    done = await confirms(browser, token, password=PASSWORD)
    assert (done.status_code, done["Location"]) == (303, "/sign-in/second-step")
    assert not await is_signed_in(browser)


async def test_t09_a_session_that_is_open_here_stays_as_it_is(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    token = await signs_up(other_browser)
    await browser.sign_in(ana.email)
    assert (await confirms(browser, token))["Location"] == "/sign-in"
    assert ana.email in (await browser.get("/settings/profile")).content.decode()


@pytest.mark.parametrize(("provider", "told"), [("outbox", True), ("ses", False)])
@pytest.mark.parametrize("page", ["/check-your-mail", "/forgot-password"])
async def test_t09_where_mails_are_files_the_page_says_where(
    browser: Browser, settings: Any, provider: str, told: bool, page: str
) -> None:
    settings.EMAIL_PROVIDER = provider
    text = (await browser.get(page)).content.decode()
    assert (f"{settings.HOME.name}/outbox" in text) is told
    assert str(settings.HOME) not in text, "the whole path is nobody's business"


async def test_t09_the_manager_knows_the_browser_by_its_key_alone(db: None) -> None:
    await run_db(User.objects.register, email=EMAIL, password_hash="x", name="Zoe", browser_key="the key")
    sign_up = await SignUp.objects.aget()
    assert sign_up.is_from("the key")
    assert not any(sign_up.is_from(other) for other in ("", "another key"))
