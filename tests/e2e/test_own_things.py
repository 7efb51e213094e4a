"""Keys, one's own data, and leaving, as a person meets them in a browser."""

import re
import zipfile
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_journey import sign_in
from tests.stack import Stack


def judge(page: Page, pictures: Path, name: str) -> None:
    """Photograph, and let axe judge."""
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    assert [(v["id"], v["nodes"][0]["target"]) for v in Axe().run(page).response["violations"]] == []


def test_a_key_is_shown_once_and_works(
    stack: Stack, page: Page, pictures: Path, complaints: list[str]
) -> None:
    email, _ = stack.sign_up("Kay")
    sign_in(page, email)
    page.goto("/settings/api-keys")
    page.get_by_role("link", name="Create an API key").click()
    page.get_by_label("What is it for?").fill("Budget script")
    page.get_by_label(re.compile("Bring connections")).check()
    page.get_by_role("button", name="Create the key").click()
    expect(page.get_by_role("heading", name="Your new API key")).to_be_visible()
    expect(page.get_by_role("button", name="Copy: Budget script")).to_be_visible()
    judge(page, pictures, "api-key-created")
    key = page.locator("#api-key").inner_text()
    with stack.api(key) as program:
        assert program.get("accounts").status_code == 200
        assert program.delete("auth/sessions").status_code == 403
    page.get_by_role("link", name="Done").click()
    expect(page.locator("strong", has_text="Budget script")).to_be_visible()
    judge(page, pictures, "api-keys-listed")
    page.get_by_role("button", name="End key Budget script").click()
    expect(page.get_by_text("That key has ended.")).to_be_visible()
    with stack.api(key) as program:
        assert program.get("accounts").status_code == 401
    assert complaints == []


def test_one_s_data_can_be_saved_and_one_s_account_left_and_kept(
    stack: Stack, page: Page, pictures: Path, tmp_path: Path, complaints: list[str]
) -> None:
    email, _ = stack.sign_up("Lou")
    sign_in(page, email)
    page.goto("/settings/data")
    page.get_by_role("button", name="Get my data").click()
    saving = page.get_by_role("button", name="Save my data")
    stack.wait_for(lambda: page.reload() and saving.is_visible(), "the export")
    judge(page, pictures, "data-ready")
    with page.expect_download() as download:
        saving.click()
    download.value.save_as(tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert email in archive.read("profile.json").decode()
    page.goto("/settings/leave")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_text("Your account will be deleted.")).to_be_visible()
    sign_in(page, email)
    judge(page, pictures, "leaving")
    page.get_by_role("button", name="Keep my account").click()
    expect(page.get_by_text("Your account stays")).to_be_visible()
    assert complaints == []
