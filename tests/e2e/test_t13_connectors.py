"""Five journeys of each way to connect: connect, sync, break, repair, disconnect; one of them without script."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from providers.simulator.process import SandboxBank
from tests.e2e.test_pages_journey import is_sound, sign_in
from tests.stack import Stack

PHONE: ViewportSize = {"width": 390, "height": 844}
WHO = {"customer": "ana"}
Step = Callable[[Page, SandboxBank], None]


@dataclass(frozen=True)
class Route:
    """One way to connect: what the person does after the first page, what breaks it, and what mends it."""

    slug: str
    name: str
    connect: Step
    broken: Callable[[SandboxBank], object]
    told: str
    repair: Step
    accounts: int = 1


def go_on(page: Page, words: str = "Continue") -> None:
    page.get_by_role("main").get_by_role("button", name=words).click()


def approve(page: Page, _: SandboxBank) -> None:
    """Leave by the button, and agree on the page that it leads to."""
    page.get_by_role("button", name=re.compile("^Continue to ")).click()
    page.locator("button[value=approve]").click()


def approve_beside(page: Page, _: SandboxBank) -> None:
    """The same where the institution's page opens in a tab of its own, while ours waits."""
    page.get_by_role("button", name=re.compile("^Continue to ")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Continue at")
    with page.expect_popup() as opened:
        page.get_by_role("link", name=re.compile("^Open ")).click()
    opened.value.locator("button[value=approve]").click()
    expect(opened.value.get_by_role("heading", level=1)).not_to_contain_text("asks to read")
    opened.value.close()


def paste_token(page: Page, bank: SandboxBank) -> None:
    page.get_by_label("Setup token").fill("not a token")
    go_on(page)
    expect(page.locator(".field__error")).to_be_visible()
    page.get_by_label("Setup token").fill(bank.control("simplefin/token", WHO)["token"])
    go_on(page)


def paste_query(page: Page, bank: SandboxBank) -> None:
    desk = bank.control("ibkr/desk", WHO)
    page.get_by_label("Flex Web Service token").fill(desk["token"])
    page.get_by_label("The token expires after").select_option("365")
    page.get_by_label("Query ID").fill(desk["query"])
    go_on(page)


def through_plaid(page: Page, bank: SandboxBank) -> None:
    page.get_by_label("A bank, a card or a loan").check()
    go_on(page)
    approve_beside(page, bank)


def through_the_bank(page: Page, bank: SandboxBank) -> None:
    page.get_by_label("Country of the bank").select_option("FI")
    page.get_by_label("Private").check()
    go_on(page)
    page.get_by_label("Sandbox Bank").check()
    go_on(page)
    approve(page, bank)


def paste_key(page: Page, bank: SandboxBank) -> None:
    key = bank.control("snaptrade/key", {**WHO, "connected": False})
    page.get_by_label("Client ID").fill(key["client_id"])
    page.get_by_label("Consumer key").fill(key["consumer_key"])
    go_on(page)
    approve_beside(page, bank)


ROUTES = [
    Route(
        "sandbox", "Sandbox Bank", approve, lambda bank: bank.control("revoke", WHO),
        "The permission was withdrawn", approve, 5,
    ),
    Route(
        "simplefin", "SimpleFIN Bridge", paste_token,
        lambda bank: bank.control("simplefin/scenario", {**WHO, "scenario": "revoked"}),
        "no longer accepts our access", paste_token, 5,
    ),
    Route(
        "ibkr", "Interactive Brokers", paste_query,
        lambda bank: bank.control("ibkr/desk", {**WHO, "error": "1012"}),
        "has run out", paste_query,
    ),
    Route(
        "plaid", "Plaid", through_plaid, lambda bank: bank.control("plaid/logins", WHO),
        "Reconnect", approve_beside, 5,
    ),
    Route(
        "enable-banking", "Enable Banking", through_the_bank,
        lambda bank: bank.control("enable-banking/sessions", {"status": "EXPIRED"}),
        "has run out", approve, 4,
    ),
    Route(
        "snaptrade", "SnapTrade", paste_key,
        lambda bank: bank.control("snaptrade/connections", {**WHO, "disabled": True}),
        "no longer accepts our access", approve_beside,
    ),
]  # fmt: skip


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.slug)
def test_t13_five_journeys(
    route: Route, stack: Stack, page: Page, complaints: list[str], pictures: Path
) -> None:
    email, _ = stack.sign_up(route.slug.capitalize())
    sign_in(page, email)
    page.goto("/connections/new")
    page.get_by_role("link", name=f"Connect {route.name}", exact=True).click()
    if route.slug != "sandbox":
        go_on(page)
        page.set_viewport_size(PHONE)
        is_sound(page, f"t13-{route.slug}-asks", pictures)
        page.set_viewport_size({"width": 1280, "height": 900})
    route.connect(page, stack.bank)
    here = connected(page, route)
    expect(page.locator("main li.account")).to_have_count(route.accounts)

    route.broken(stack.bank)
    page.get_by_role("button", name="Update now").click()
    expect(page.get_by_text(route.told).first).to_be_visible()
    is_sound(page, f"t13-{route.slug}-broken", pictures)

    if route.slug == "ibkr":
        stack.bank.control("ibkr/desk", WHO)
    page.get_by_role("main").get_by_role("button", name="Reconnect").click()
    route.repair(page, stack.bank)
    expect(page.get_by_text("is connected.").first).to_be_visible()
    assert page.url == here, "the same connection, mended"
    expect(page.locator("main li.account")).to_have_count(route.accounts)

    page.get_by_role("link", name="Disconnect").click()
    is_sound(page, f"t13-{route.slug}-disconnect", pictures)
    page.get_by_role("button", name=re.compile("^Disconnect ")).click()
    expect(page.get_by_text("is disconnected")).to_be_visible()
    assert [text for text in complaints if "status of 422" not in text] == []


def connected(page: Page, route: Route) -> str:
    """The address of the connection, once its first update has ended."""
    expect(page.get_by_text(f"{route.name} is connected.")).to_be_visible()
    expect(page.get_by_role("cell", name="Done").first).to_be_visible()
    return page.url


def test_t13_a_hosted_page_is_waited_for_without_script(stack: Stack, chromium: Browser) -> None:
    email, token = stack.sign_up("Plaidless")
    context = chromium.new_context(base_url=stack.origin, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, email)
    page.goto("/connections/new?q=sandbox")
    page.get_by_role("link", name="Connect Sandbox Bank in United States through Plaid").click()
    go_on(page)
    through_plaid(page, stack.bank)
    expect(page.get_by_text("Plaid is connected.")).to_be_visible()  # by the page's own refresh
    assert stack.synced(token)["state"] == "active"
    page.reload()
    expect(page.locator("main li.account")).to_have_count(5)
    context.close()
