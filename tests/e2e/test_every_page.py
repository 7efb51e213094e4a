"""Every page, on desktop and phone, light and dark: nothing axe would object to, nothing on the console."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.stack import PASSWORD, Stack

SIGNED_OUT = [
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/check-your-mail",
    "/confirm-new-email",
    "/email-change",
    "/invitation",
    "/nothing/here",
]
SIGNED_IN = [
    "/",
    "/?range=2Y",
    "/connections",
    "/connections/new",
    "/connections/new?provider=sandbox",
    "/transactions",
    "/transactions?q=market&category=GROCERIES&min_amount=-100&max_amount=-1",
    "/transactions?q=nothing+like+this",
    "/transactions?from=yesterday",
    "/cash-flow",
    "/cash-flow?range=1m",
    "/investments",
    "/imports/new",
    "/settings/profile",
    "/settings/security",
    "/settings/security/passkeys/new",
    "/reauthenticate",
    "/settings/sessions",
    "/settings/activity",
    "/settings/api-keys",
    "/settings/api-keys/new",
    "/settings/data",
    "/settings/email",
    "/settings/leave",
]
SCREENS: dict[str, ViewportSize] = {
    "desktop": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}
# The browser's own line about pages that are asked for in vain, or with a wrong filter, on purpose.
REFUSED = tuple(
    f"Failed to load resource: the server responded with a status of {status}" for status in (404, 422)
)


@pytest.fixture(scope="module")
def person(stack: Stack) -> str:
    """A person with all the accounts Sandbox Bank has."""
    email, token = stack.sign_up("Ana")
    stack.connect(email, token)
    stack.synced(token)
    return email


@pytest.fixture(params=[(screen, scheme) for screen in SCREENS for scheme in ("light", "dark")], ids="-".join)
def context(
    request: pytest.FixtureRequest, chromium: Browser, stack: Stack, complaints: list[str]
) -> Iterator[BrowserContext]:
    """A browser of each size and colour scheme."""
    screen, scheme = request.param
    # Colours are judged as they are in the end, not half-way through a fade.
    made = chromium.new_context(
        base_url=stack.origin, viewport=SCREENS[screen], color_scheme=scheme, reduced_motion="reduce"
    )
    made.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    made.on("weberror", lambda e: complaints.append(str(e.error)))
    yield made
    made.close()


def look(page: Page, address: str, complaints: list[str], pictures: Path, name: str) -> None:
    """Open, photograph, and let axe judge."""
    response = page.goto(address)
    assert response is not None
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[0-9a-f-]{36}", "", address)).strip("-") or "dashboard"
    page.screenshot(path=pictures / f"{slug}-{name}.png", full_page=True)
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["target"]) for v in violations] == [], address
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0, f"{address} scrolls sideways by {sideways} px"
    assert [text for text in complaints if not text.startswith(REFUSED)] == [], address


def test_i2_pages_for_everybody(
    page: Page, complaints: list[str], pictures: Path, request: pytest.FixtureRequest
) -> None:
    for address in SIGNED_OUT:
        look(page, address, complaints, pictures, request.node.callspec.id)


def test_i2_pages_of_a_person(
    page: Page, person: str, complaints: list[str], pictures: Path, request: pytest.FixtureRequest
) -> None:
    page.goto("/sign-in")
    page.fill("[name=email]", person)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/")
    accounts = page.locator("main a[href^='/accounts/']").evaluate_all("els => els.map(e => e.pathname)")
    page.goto("/connections")
    own = page.locator("main a[href^='/connections/']").evaluate_all("els => els.map(e => e.pathname)")
    connection = next(found[0] for link in own if (found := re.search(r"/connections/[0-9a-f-]{36}", link)))
    assert len(set(accounts)) == 5
    more = [
        *sorted(set(accounts)),
        f"{accounts[0]}?q=nothing+like+this",
        connection,
        f"{connection}/disconnect",
    ]
    for address in [*SIGNED_IN, *more]:
        look(page, address, complaints, pictures, request.node.callspec.id)
