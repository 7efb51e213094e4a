"""Columns, folds, gaps and names as a browser lays them out, with five accounts and with two hundred."""

from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.e2e.test_pages_journey import sign_in
from tests.e2e.test_t07_pages_of_numbers import people
from tests.stack import Stack

__all__ = ["people"]

TABLET: ViewportSize = {"width": 820, "height": 1180}
PHONE: ViewportSize = {"width": 390, "height": 844}
RIGHT_TO_LEFT = "אברהם בן־יהודה המכונה הזקן מן ההר הרחוק"


def edges(found: Locator, side: str) -> set[int]:
    """The places of this edge of all that is found, in whole pixels."""
    return set(found.evaluate_all(f"els => els.map(e => Math.round(e.getBoundingClientRect().{side}))"))


def height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def test_t11_sparklines_and_amounts_stand_in_columns(page: Page, people: dict[str, str]) -> None:
    sign_in(page, people["five"])
    assert len(edges(page.locator(".accounts .account__trend"), "left")) == 1
    assert len(edges(page.locator(".accounts .account__sum > p"), "right")) == 1


def test_t11_two_hundred_accounts_fit_a_few_screens_and_unfold(page: Page, people: dict[str, str]) -> None:
    sign_in(page, people["many"])
    assert height(page) < 3000
    large = page.locator("#group-cash-in-eur")
    large.locator("summary").click()
    expect(large.get_by_role("listitem").first).to_be_visible()
    page.reload()
    expect(large.get_by_role("listitem").first).to_be_visible()  # the browser keeps what a person unfolds
    page.set_viewport_size(PHONE)
    large.locator("summary").click()
    assert height(page) < 5000


def test_t11_groups_unfold_without_script(chromium: Browser, stack: Stack, people: dict[str, str]) -> None:
    context = chromium.new_context(base_url=stack.origin, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, people["many"])
    large = page.locator("#group-cash-in-eur")
    large.locator("summary").click()
    expect(large.get_by_role("listitem").first).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    "address", ["/investments", "/cash-flow", "/transactions", "/connections", "account"]
)
@pytest.mark.parametrize("who", ["five", "many"])
def test_t11_a_tablet_shows_every_column(page: Page, people: dict[str, str], who: str, address: str) -> None:
    page.set_viewport_size(TABLET)
    sign_in(page, people[who])
    if address == "account":
        page.get_by_role("link", name="Investing", exact=True).first.click()
        page.wait_for_url("**/accounts/*")
    elif address == "/connections":
        page.goto(address)
        page.get_by_role("link", name="Details of Sandbox Bank").click()
        page.wait_for_url("**/connections/*")
    else:
        page.goto(address)
    hidden = page.locator(".table-region").evaluate_all(
        "els => els.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
    )
    assert hidden == []


def test_t11_a_day_costs_no_row(page: Page, people: dict[str, str]) -> None:
    sign_in(page, people["five"])
    page.goto("/transactions")
    first = page.locator(".movements").first
    day, row = first.locator(".movements__day"), first.locator("td").first
    assert edges(day, "top") == edges(row, "top")
    page.set_viewport_size(PHONE)
    assert height(page) < 4500  # fifty transactions


def test_t11_a_heading_keeps_away_from_what_is_above(page: Page, people: dict[str, str]) -> None:
    sign_in(page, people["five"])
    for size in (TABLET, PHONE):
        page.set_viewport_size(size)
        page.goto("/settings/data")
        button, heading = page.get_by_role("button", name="Get my data"), page.get_by_role("heading").last
        assert min(edges(heading, "top")) - max(edges(button, "bottom")) >= 24


def test_t11_every_tab_of_the_settings_is_in_sight_on_a_phone(page: Page, people: dict[str, str]) -> None:
    page.set_viewport_size(PHONE)
    sign_in(page, people["five"])
    page.goto("/settings/data")
    assert max(edges(page.locator(".tabs a"), "right")) <= PHONE["width"]


def test_t11_a_long_name_is_cut_at_its_own_end(page: Page, stack: Stack, people: dict[str, str]) -> None:
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as database:
        database.execute(
            "UPDATE accounts_user SET name = %s WHERE email = %s", [RIGHT_TO_LEFT, people["none"]]
        )
    sign_in(page, people["none"])
    name = page.locator(".menu__name")
    where: dict[str, Any] = name.evaluate(
        """element => {
            const range = document.createRange();
            range.setStart(element.firstChild, 0);
            range.setEnd(element.firstChild, 1);
            const letter = range.getBoundingClientRect(), box = element.getBoundingClientRect();
            const inside = letter.left >= box.left - 1 && letter.right <= box.right + 1;
            return {in: inside, cut: element.scrollWidth > element.clientWidth};
        }"""
    )
    assert where == {"in": True, "cut": True}
