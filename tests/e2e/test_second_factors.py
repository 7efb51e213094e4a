"""Second factors in a real browser: an authenticator app, and a passkey in Chromium's virtual authenticator."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.second_factors import code
from tests.e2e.test_pages_journey import is_sound, sign_in
from tests.stack import PASSWORD, Stack


def type_password(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.locator("summary[aria-label^='Your account']").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/sign-in")  # whichever way it was reached: by the button, or by the end of the live events


def set_an_app_up(page: Page) -> tuple[str, list[str]]:
    """From the security page to the recovery codes; returns the secret and the codes."""
    page.goto("/settings/security")
    page.get_by_role("button", name="Set up an authenticator app").click()
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(f"{code(secret)[:3]} {code(secret)[3:]}")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    return secret, page.locator("#codes").inner_text().split()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_with_an_authenticator_app(
    stack: Stack, page: Page, complaints: list[str], pictures: Path, theme: str
) -> None:
    email, _ = stack.sign_up("Ana")
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    sign_in(page, email)
    page.goto("/settings/security")
    is_sound(page, f"security-{theme}", pictures)
    page.get_by_role("button", name="Set up an authenticator app").click()
    is_sound(page, f"totp-set-up-{theme}", pictures)
    secret, codes = set_an_app_up(page)
    assert len(codes) == 10
    is_sound(page, f"recovery-codes-{theme}", pictures)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.path().read_text().split() == codes
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    is_sound(page, f"security-with-app-{theme}", pictures)
    sign_out(page)

    type_password(page, email)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    is_sound(page, f"second-step-{theme}", pictures)
    page.get_by_label("Code", exact=True).fill("000 000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("This code does not work")
    is_sound(page, f"second-step-wrong-{theme}", pictures)
    page.get_by_label("Code", exact=True).fill(code(secret, seconds=30))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    assert [text for text in complaints if "422" not in text] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_with_a_passkey(
    stack: Stack, page: Page, complaints: list[str], pictures: Path, theme: str
) -> None:
    email, _ = stack.sign_up("Bea")
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    phone = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": phone})
    sign_in(page, email)
    page.goto("/settings/security")
    page.get_by_role("link", name="Add a passkey").click()
    is_sound(page, f"passkey-new-{theme}", pictures)
    page.get_by_label("Name").fill("Bea's phone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Bea's phone", exact=True)).to_be_visible()
    is_sound(page, f"security-with-passkey-{theme}", pictures)
    sign_out(page)

    is_sound(page, f"sign-in-{theme}", pictures)
    button = page.get_by_role("button", name="Sign in with a passkey")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    sign_out(page)

    type_password(page, email)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    is_sound(page, f"second-step-passkey-{theme}", pictures)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    page.goto("/reauthenticate?next=/settings/security")
    is_sound(page, f"reauthenticate-{theme}", pictures)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"/settings/security$"))
    page.get_by_role("link", name="Remove the passkey Bea's phone").click()
    is_sound(page, f"passkey-remove-{theme}", pictures)
    page.get_by_role("button", name="Remove this passkey").click()
    expect(page.get_by_text("The passkey is removed")).to_be_visible()
    assert complaints == []


def test_an_app_is_set_up_and_used_without_scripts(stack: Stack, chromium: Browser, pictures: Path) -> None:
    email, _ = stack.sign_up("Cleo")
    phone = {"width": 390, "height": 844}
    with chromium.new_context(
        base_url=stack.origin,
        java_script_enabled=False,
        viewport=phone,  # type: ignore[arg-type]
    ) as context:
        page = context.new_page()
        sign_in(page, email)
        page.goto("/settings/security")
        page.screenshot(path=pictures / "security-phone.png", full_page=True)
        _, codes = set_an_app_up(page)
        page.screenshot(path=pictures / "recovery-codes-phone.png", full_page=True)
        page.context.clear_cookies()
        type_password(page, email)
        page.screenshot(path=pictures / "second-step-phone.png", full_page=True)
        page.get_by_label("Code", exact=True).fill(codes[0].upper())
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
