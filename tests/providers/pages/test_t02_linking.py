"""The steps of access in the browser: a form for each question, a page that waits, no second consent by accident."""

from typing import Any

import pytest

from accounts.models import User
from providers.connections.models import AuthorizationRequest, Connection
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service
from tests.providers.api.test_t02_steps import xml_bank
from tests.providers.connections.linking import connect
from tests.providers.connections.test_t02_access import Hosted
from tests.providers.connectors import toys
from tests.providers.pages.browsing import Browser, signed_in

NEW = "/connections/new?provider=toy"


async def begun(browser: Browser) -> str:
    """From the catalogue to the page of the first step."""
    page = await browser.get(NEW)
    assert "Go on to" not in browser.text(page), "no page of the institution is known yet"
    answer = await browser.post(NEW)
    assert answer.status_code == 303
    return str(answer["Location"])


async def test_t02_a_key_is_typed_into_a_form_and_never_written_back(ana: User) -> None:
    async with toys.open_for_business(xml_bank) as server:
        with toys.registered(toys.QueryToken(server.url)):
            browser = await signed_in(ana)
            url = await begun(browser)
            page = await browser.get(url)
            assert 'type="password"' in page.content.decode()
            wrong = await browser.post(url, token="a-wrong-one")
            assert wrong.status_code == 422
            assert "did not accept that" in browser.text(wrong)
            assert "a-wrong-one" not in wrong.content.decode()
            missing: Any = await browser.post(url, token="")
            assert "Fill this in." in browser.text(missing)
            right = await browser.post(url, token="right")
            connection = await Connection.objects.aget()
            assert right["Location"] == f"/connections/{connection.id}"
            assert connection.state == "active"


async def test_t02_a_page_waits_for_a_hosted_one_and_goes_on_by_itself(ana: User) -> None:
    rules = Hosted()
    async with toys.open_for_business(rules) as server:
        with toys.registered(toys.HostedPage(server.url)):
            browser = await signed_in(ana)
            url = await begun(browser)
            page = await browser.get(url)
            assert "form-action 'self' https://hosted.example;" in page["Content-Security-Policy"]
            assert (await browser.post(url))["Location"] == url
            waiting = await browser.get(url)
            assert waiting["Refresh"]
            assert 'href="https://hosted.example/p/1"' in waiting.content.decode()
            other = await signed_in(ana)
            assert (await other.get(url)).status_code == 410, "another browser sees nothing of it"
            rules.access = "acc-1"
            request = await AuthorizationRequest.objects.aget()
            await connection_service().look_again(request_id=request.id)
            connection = await Connection.objects.aget()
            assert (await browser.get(url))["Location"] == f"/connections/{connection.id}"


async def test_t02_a_second_consent_is_led_to_repair_or_to_another_sign_in(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    browser = await signed_in(ana)
    page = await browser.get("/connections/new?provider=sandbox")
    assert "is connected already" in browser.text(page)
    assert f"/connections/{connection.id}/reconnect" in page.content.decode()
    other = await browser.get("/connections/new?provider=sandbox&another=1")
    assert "Continue to Sandbox Bank" in browser.text(other)


@pytest.mark.parametrize("query", ["self=1&state=x", "user_id=1", "provider=ofx&browser_key=x", "many"])
async def test_t02_parameters_that_come_back_replace_nothing_of_ours(ana: User, query: str) -> None:
    many = "&".join(f"p{n}=1" for n in range(30)) if query == "many" else query
    answer = await (await signed_in(ana)).get(f"/providers/sandbox/callback?{many}")
    assert (answer.status_code, answer["Location"]) == (303, "/connections/failed/authorization_invalid")
