"""Pages of edits, histories, questions and proof: with nothing, one and many, on desktop and phone, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.e2e.test_every_page import look
from tests.e2e.test_pages_journey import sign_in
from tests.stack import Stack

SCREENS: dict[tuple[str, str], ViewportSize] = {
    ("desktop", "light"): {"width": 1280, "height": 900},
    ("phone", "dark"): {"width": 390, "height": 844},
}
ADDRESSES = ["/reviews", "/reviews?answered=true", "/transactions/set-aside"]


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, str]:
    """Persons with nothing to review, one of each kind, and many."""
    found = {}
    for name, times in (("nothing", 0), ("one", 1), ("many", 12)):
        found[name], _ = stack.sign_up(name.capitalize())
        if times:
            fill = f"from tests.e2e.rows_to_review import fill; fill({found[name]!r}, {times})"
            stack.manage("shell", "-c", fill)
    return found


@pytest.fixture
def opened(chromium: Browser, stack: Stack, complaints: list[str]) -> Iterator[BrowserContext]:
    """A browser that writes down what it complains of, and shows colours as they are in the end."""
    made = chromium.new_context(base_url=stack.origin, reduced_motion="reduce")
    made.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    made.on("weberror", lambda e: complaints.append(str(e.error)))
    yield made
    made.close()


@pytest.mark.parametrize("name", ["nothing", "one", "many"])
def test_t06_the_pages_of_review_are_sound_on_every_screen(
    opened: BrowserContext, people: dict[str, str], name: str, complaints: list[str], pictures: Path
) -> None:
    page = opened.new_page()
    sign_in(page, people[name])
    addresses = list(ADDRESSES)
    if name != "nothing":
        addresses += _pages_of_the_bistro(page)
    for (screen, scheme), size in SCREENS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for address in addresses:
            look(page, address, complaints, pictures, f"{name}-{screen}-{scheme}")


def _pages_of_the_bistro(page: Page) -> list[str]:
    """The pages of a transaction with a history, and of its account."""
    page.goto("/transactions?q=bistro")
    transaction = page.locator("main a[href^='/transactions/']:has-text('Bistro')").first.get_attribute(
        "href"
    )
    account = page.locator("main a[href^='/accounts/']").first.get_attribute("href")
    return [str(transaction), f"{transaction}/history", f"{account}?range=3m", "/"]


def test_t06_questions_are_answered_without_script(
    chromium: Browser, stack: Stack, people: dict[str, str]
) -> None:
    context = chromium.new_context(
        base_url=stack.origin, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = context.new_page()
    sign_in(page, people["one"])
    bar = page.get_by_role("navigation", name="Main")
    bar.get_by_text("More").click()
    bar.get_by_role("link", name="Review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    asked = page.get_by_role("article").filter(has_text="Is this the same transaction?").first
    asked.get_by_role("button", name="Two transactions").click()
    expect(page.get_by_text("Done. You can take it back here.")).to_be_visible()
    page.get_by_role("button", name="Take this answer back").first.click()
    expect(page.get_by_text("The question is open again.")).to_be_visible()
    context.close()
