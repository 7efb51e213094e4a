"""The effects of our scripts on a page, in a real browser."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_pages_journey import sign_in
from tests.stack import Stack

SAYS_WHEN_LISTENING = """
  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    constructor(address) {
      super(address);
      this.addEventListener("open", () => { document.documentElement.dataset.listening = "yes"; });
    }
  };
"""


def test_a_new_password_is_told_how_much_is_missing(page: Page) -> None:
    page.goto("/sign-up")
    password, note = page.get_by_label("Password", exact=True), page.locator("[data-strength-of]")
    password.fill("x" * 12)
    expect(note).to_have_text("3 more characters needed.")
    password.fill("x" * 14)
    expect(note).to_have_text("1 more character needed.")
    password.fill("x" * 15)
    expect(note).to_have_text("Long enough.")


def test_times_are_told_in_the_zone_of_the_profile_and_not_the_browser_s(
    stack: Stack, chromium: Browser
) -> None:
    email, token = stack.sign_up("Dan")
    with stack.api(token) as api:
        assert api.patch("auth/me", json={"time_zone": "Asia/Tokyo"}).status_code == 200
    with chromium.new_context(base_url=stack.origin, timezone_id="America/New_York") as context:
        page = context.new_page()
        page.goto("/sign-up")
        assert page.locator("[name=time_zone]").input_value() == "America/New_York"
        sign_in(page, email)
        page.goto("/settings/sessions")
        expect(page.locator("time[data-when]").first).to_have_attribute("title", re.compile(r" GMT\+9$"))


def test_a_page_whose_session_is_ended_elsewhere_leaves_its_numbers(stack: Stack, page: Page) -> None:
    email, token = stack.sign_up("Eve")
    page.add_init_script(SAYS_WHEN_LISTENING)
    sign_in(page, email)
    expect(page.locator("html[data-listening]")).to_be_attached()
    with stack.api(token) as api:
        assert api.delete("auth/sessions").status_code == 204
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2F$"))
