"""Linking in a browser: the page before leaving, the callback, and a page for every failure."""

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.urls import reverse

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import AuthorizationRequest, Connection
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service
from tests.providers.pages.browsing import Browser, signed_in

pytestmark = pytest.mark.django_db
NEW = "/connections/new?provider=sandbox"


async def leave(browser: Browser) -> str:
    """Go from the catalogue to the bank; returns the URL there."""
    await browser.get(NEW)
    answer = await browser.post(NEW)
    assert answer.status_code == 303
    return str(answer["Location"])


def path_of(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}"


async def come_back(browser: Browser, bank: SandboxBank, **decision: str) -> Any:
    return await browser.get(path_of(bank.decide(await leave(browser), **decision)))


async def refused(browser: Browser, url: str) -> Any:
    """The page of a failed callback, reached by a redirect that takes the code out of the address bar."""
    answer = await browser.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (303, "no-store")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert re.fullmatch(r"/connections/failed/[a-z_]+", answer["Location"])
    return await browser.get(answer["Location"])


async def test_e4_the_page_before_leaving_says_who_gets_what(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    answer = await browser.get(NEW)
    told = browser.text(answer)
    assert f"Connect Sandbox Bank to {ana.email}" in told
    assert "Their transactions, pending and posted" in told
    assert "You can end it at any time" in told
    assert await Connection.objects.acount() == 0


async def test_its_form_may_lead_to_the_bank_and_to_nobody_else(ana: User, bank: SandboxBank) -> None:
    policy = (await (await signed_in(ana)).get(NEW))["Content-Security-Policy"]
    assert f"form-action 'self' {bank.url};" in policy
    assert "default-src 'none'" in policy


async def test_e4_leaving_binds_the_attempt_to_this_browser(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    assert (await leave(browser)).startswith(f"{bank.url}/oauth/authorize?")
    cookie = browser.client.cookies["link"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["path"]) == (
        True,
        "Lax",
        600,
        "/",
    )


async def test_e4_over_https_the_cookie_can_come_from_this_host_only(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    browser = await signed_in(ana)
    await leave(browser)
    assert browser.client.cookies["__Host-link"]["secure"]


async def test_e11_the_way_back_redirects_so_that_the_code_leaves_the_address(
    ana: User, bank: SandboxBank
) -> None:
    browser = await signed_in(ana)
    answer = await come_back(browser, bank)
    connection = await Connection.objects.aget()
    assert (answer.status_code, answer["Location"]) == (303, f"/connections/{connection.id}")
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (connection.state, connection.user_id) == ("active", ana.id)
    assert "Sandbox Bank is connected" in browser.text(await browser.get(answer["Location"]))


async def test_e7_the_same_way_back_twice_is_answered_kindly(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    url = path_of(bank.decide(await leave(browser)))
    cookie = browser.client.cookies["link"].value
    await browser.get(url)
    browser.client.cookies["link"] = cookie
    again = await refused(browser, url)
    assert again.status_code == 410
    assert "Go to your connections" in browser.text(again)
    assert await Connection.objects.acount() == 1


async def test_e4_another_browser_cannot_finish_it(ana: User, bank: SandboxBank) -> None:
    url = path_of(bank.decide(await leave(await signed_in(ana))))
    other = await signed_in(ana)
    answer = await refused(other, url)
    assert answer.status_code == 400
    assert not await Connection.objects.filter(state="active").aexists()


async def test_e4_another_person_cannot_finish_it(ana: User, ben: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    url = path_of(bank.decide(await leave(browser)))
    await browser.sign_in(ben)
    assert (await refused(browser, url)).status_code == 400
    assert not await Connection.objects.filter(state="active").aexists()


async def test_coming_back_signed_out_says_to_sign_in_and_start_again(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    url = path_of(bank.decide(await leave(browser)))
    del browser.client.cookies["session"]
    answer = await refused(browser, url)
    told = browser.text(answer)
    assert answer.status_code == 401
    assert "Sign in and start again" in told
    assert ana.email not in told


async def test_e8_a_denied_consent_is_a_choice_and_not_an_error(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    answer = await refused(browser, path_of(bank.decide(await leave(browser), decision="deny")))
    assert answer.status_code == 403
    assert "You chose not to connect" in browser.text(answer)
    assert "administrator" not in browser.text(answer)


@pytest.mark.parametrize(
    "query", ["", "state=made-up", "code=x", "error=access_denied", "state=%00&code=%00"]
)
async def test_e2_a_way_back_from_nowhere_is_refused_with_a_way_on(ana: User, query: str) -> None:
    browser = await signed_in(ana)
    answer = await refused(browser, f"/providers/sandbox/callback?{query}")
    assert answer.status_code == 400
    assert "Connect an institution" in browser.text(answer)


@pytest.mark.parametrize("error", ["temporarily_unavailable", "<script>alert(1)</script>"])
async def test_e8_an_error_in_the_address_is_never_shown_raw(
    ana: User, bank: SandboxBank, error: str
) -> None:
    browser = await signed_in(ana)
    state = dict(part.split("=") for part in urlsplit(await leave(browser)).query.split("&"))["state"]
    answer = await refused(browser, f"/providers/sandbox/callback?state={state}&error={quote(error)}")
    assert 400 <= answer.status_code < 500
    assert error not in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


async def test_e2_another_providers_address_does_not_take_it(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    url = path_of(bank.decide(await leave(browser)))
    assert (await refused(browser, url.replace("/sandbox/", "/other/"))).status_code == 400


# --- one-time links ------------------------------------------------------------------------------


async def link(user: User) -> str:
    started = await connection_service().start(user_id=user.id, provider="sandbox")
    return urlsplit(started.authorization_url).path


async def test_e4_a_link_made_by_api_asks_before_it_leaves(ana: User, bank: SandboxBank) -> None:
    browser, url = await signed_in(ana), await link(ana)
    page = await browser.get(url)
    assert f"Connect Sandbox Bank to {ana.email}" in browser.text(page)
    assert f'action="{url}"' in page.content.decode()
    answer = await browser.post(url)
    assert (answer.status_code, urlsplit(answer["Location"]).path) == (303, "/oauth/authorize")


async def test_e5_looking_at_a_link_does_not_use_it_up(ana: User, bank: SandboxBank) -> None:
    browser, url = await signed_in(ana), await link(ana)
    assert [(await browser.get(url)).status_code for _ in range(2)] == [200, 200]
    assert (await AuthorizationRequest.objects.aget()).started_at is None


async def test_e5_a_link_works_once(ana: User, bank: SandboxBank) -> None:
    browser, url = await signed_in(ana), await link(ana)
    await browser.get(url)
    await browser.post(url)
    for answer in (await browser.get(url), await browser.post(url)):
        assert answer.status_code == 410
        assert "Go to your connections" in browser.text(answer)


async def test_e4_somebody_elses_link_reveals_nothing_and_links_nothing(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    browser, url = await signed_in(ben), await link(ana)
    page = await browser.get(url)
    told = browser.text(page)
    assert page.status_code == 403
    assert "This link was not made for you" in told
    assert ana.email not in told
    assert "Sandbox" not in told
    assert (await browser.post(url)).status_code == 403
    assert (await AuthorizationRequest.objects.aget()).started_at is None


async def test_a_mutilated_link_is_not_found(ana: User) -> None:
    assert (await (await signed_in(ana)).get("/connections/start/abc")).status_code == 404


async def test_e4_a_link_needs_a_signed_in_person(ana: User, bank: SandboxBank) -> None:
    url = await link(ana)
    answer = await Browser().get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=%2Fconnections%2Fstart%2F")


async def test_a_form_without_its_token_is_refused(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    assert (await browser.post(NEW)).status_code == 403
    assert await Connection.objects.acount() == 0


# --- catalogue and renewal -------------------------------------------------------------------------


async def test_the_catalogue_says_what_each_way_needs_and_how_long_it_lasts(
    ana: User, bank: SandboxBank
) -> None:
    browser = await signed_in(ana)
    told = browser.text(await browser.get("/connections/new"))
    for words in ("Sandbox Bank", "You need", "Cost", "Access lasts", "Statement files"):
        assert words in told


async def test_the_search_keeps_what_was_typed_and_escapes_it(ana: User) -> None:
    page = (await (await signed_in(ana)).get("/connections/new", {"q": '"><script>'})).content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;"' in page
    assert "Nothing by that name" in page
    short = (await (await signed_in(ana)).get("/connections/new", {"q": "a"})).content.decode()
    assert "Type at least two letters" in short
    assert "Nothing by that name" not in short


@pytest.mark.parametrize(("slug", "status"), [("nowhere", 404), ("sandbox", 422)])
async def test_what_cannot_be_connected_says_why(ana: User, settings: Any, slug: str, status: int) -> None:
    settings.SANDBOX_CLIENT_SECRET = ""
    answer = await (await signed_in(ana)).get(f"/connections/new?provider={slug}")
    assert answer.status_code == status


async def test_what_comes_in_files_leads_to_the_import(ana: User) -> None:
    answer = await (await signed_in(ana)).get("/connections/new?provider=ofx")
    assert (answer.status_code, answer["Location"]) == (303, "/imports/new")


async def test_a14_an_unconfirmed_address_cannot_link(make_user: Any, bank: SandboxBank) -> None:
    browser = await signed_in(await run_db(make_user, "Una", email_verified_at=None))
    await browser.get(NEW)
    answer = await browser.post(NEW)
    assert answer.status_code == 403
    assert "Confirm your email address first" in browser.text(answer)


async def test_reconnecting_leads_to_a_fresh_one_time_page(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    connection = await Connection.objects.acreate(user=ana, provider="sandbox", state="reauth_required")
    await browser.get("/connections")
    answer = await browser.post(reverse("connection-reconnect", args=[connection.id]))
    assert answer.status_code == 303
    told = browser.text(await browser.get(answer["Location"]))
    assert "Connections Reconnect Sandbox Bank" in told
    assert "All institutions" not in told
    assert "Everything collected so far is kept" in told


async def test_nobody_reconnects_somebody_elses(ana: User, ben: User, bank: SandboxBank) -> None:
    browser = await signed_in(ben)
    connection = await Connection.objects.acreate(user=ana, provider="sandbox", state="reauth_required")
    await browser.get("/connections/new")
    await browser.get(NEW)
    assert (await browser.post(reverse("connection-reconnect", args=[connection.id]))).status_code == 404
