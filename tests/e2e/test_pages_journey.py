"""A person and their money, in a real browser: connect, watch, look around, bring a file in, and end it."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.providers.formats.ofx.writing import bank_file, row
from tests.stack import PASSWORD, Stack


def sign_in(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")


def connect(page: Page) -> None:
    """From the catalogue through the bank and back."""
    page.goto("/connections/new")
    page.get_by_role("link", name="Connect Sandbox Bank").click()
    page.get_by_role("button", name="Continue to Sandbox Bank").click()
    page.locator("button[value=approve]").click()
    expect(page.get_by_text("Sandbox Bank is connected")).to_be_visible()


def is_sound(page: Page, name: str, pictures: Path) -> None:
    """Check that axe has no objection and nothing is wider than the window; takes a picture."""
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_nothing_to_numbers_that_arrive_by_themselves(
    stack: Stack, page: Page, complaints: list[str], pictures: Path
) -> None:
    email, _ = stack.sign_up("Ana")
    sign_in(page, email)
    expect(page.get_by_text("Connect your first institution")).to_be_visible()
    is_sound(page, "dashboard-empty", pictures)
    connect(page)
    expect(page.get_by_role("link", name="Everyday")).to_be_visible()  # without a reload
    expect(page.get_by_role("cell", name="Done")).to_be_visible()
    is_sound(page, "connection", pictures)
    page.goto("/")
    expect(page.get_by_text("Net worth").first).to_be_visible()
    is_sound(page, "dashboard", pictures)
    assert complaints == []


def test_looking_through_an_account_and_finding_the_way_back(
    stack: Stack, page: Page, complaints: list[str], pictures: Path
) -> None:
    email, _ = stack.sign_up("Bea")
    sign_in(page, email)
    connect(page)
    page.get_by_role("link", name="Everyday").click()
    page.get_by_role("link", name="Older").click()
    first = page.locator("tbody.movements tr th").nth(1).inner_text()
    page.get_by_role("link", name="Older").click()
    page.go_back()
    assert page.locator("tbody.movements tr th").nth(1).inner_text() == first
    page.get_by_role("link", name="Newer").click()
    page.get_by_text("category, day, amount, kind or status").click()
    page.get_by_label("Kind").select_option("deposit")  # sends itself
    expect(page.locator("tbody.movements td.movements__kind").first).to_contain_text("Deposit")
    expect(page.get_by_label("Kind")).to_have_value("deposit")
    is_sound(page, "account-filtered", pictures)
    page.get_by_role("link", name="1 year").click()
    expect(page.get_by_label("Kind")).to_have_value("deposit")
    page.set_viewport_size({"width": 390, "height": 844})
    is_sound(page, "account-phone", pictures)
    page.goto("/")
    is_sound(page, "dashboard-phone", pictures)
    assert complaints == []


def test_everything_works_without_scripts(stack: Stack, chromium: Browser, tmp_path: Path) -> None:
    email, token = stack.sign_up("Cleo")
    context = chromium.new_context(base_url=stack.origin, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, email)
    connect(page)
    stack.synced(token)
    page.goto("/")
    page.get_by_role("link", name="Everyday").first.click()
    page.get_by_label("Search").fill("payroll")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody.movements .movement").first).to_contain_text("payroll")
    statement = tmp_path / "march.ofx"
    statement.write_bytes(bank_file(row("-4.50", fitid="A"), balance="10.00"))
    page.goto("/imports/new")
    page.get_by_label("Statement files").set_input_files(statement)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("1 added, 0 known already")).to_be_visible()
    page.goto("/connections")
    page.get_by_role("link", name="Disconnect Sandbox Bank").click()
    page.get_by_role("button", name="Disconnect Sandbox Bank").click()
    expect(page.get_by_text("Sandbox Bank is disconnected")).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_journey_is_sound_in_both_themes(
    stack: Stack, page: Page, pictures: Path, theme: str
) -> None:
    email, _ = stack.sign_up("Dora")
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    sign_in(page, email)
    for path in ("/connections", "/connections/new", "/connections/new?provider=sandbox", "/imports/new"):
        page.goto(path)
        is_sound(page, f"{path.strip('/').replace('/', '-').replace('?', '-')}-{theme}", pictures)
    connect(page)
    page.goto("/connections")
    is_sound(page, f"connections-connected-{theme}", pictures)
    page.get_by_role("link", name="Disconnect Sandbox Bank").click()
    is_sound(page, f"disconnect-{theme}", pictures)
