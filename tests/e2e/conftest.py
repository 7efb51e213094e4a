"""Browser journeys: a whole stack and headless Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashtam.installation.demo.vendors import VENDORS, settings_of
from tests.stack import Stack

FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One running Dashtam for all journeys, with every institution that the simulator speaks for."""
    made = Stack()
    registered = {"PLAID_CLIENT_ID": made.bank.client_id, "PLAID_SECRET": made.bank.client_secret}
    made.environment |= settings_of(list(VENDORS), made.bank.url) | registered
    VENDORS["enable-banking"].answers(f"{made.bank.url}/enable-banking")
    with made as running:
        yield running


def chromium_path() -> str | None:
    """The machine's own Chromium; Playwright's download is not needed."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return found or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser for all journeys."""
    found = chromium_path()
    if not found:
        pytest.fail(
            "No Chromium found. Install it (Debian: apt-get install chromium) or set CHROMIUM to its path."
        )
    expect.set_options(timeout=15_000)  # a busy machine takes its time
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """Errors and policy violations on the browser's console."""
    return []


@pytest.fixture
def context(chromium: Browser, stack: Stack, complaints: list[str]) -> Iterator[BrowserContext]:
    """A fresh browser profile that writes down every console error and policy violation."""
    # Colours are judged as they are in the end, not half-way through a fade.
    made = chromium.new_context(
        base_url=stack.origin, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    made.set_default_timeout(15_000)
    made.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    made.on("weberror", lambda e: complaints.append(str(e.error)))
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def pictures() -> Path:
    """The folder of screenshots for people to look at."""
    folder = Path(os.environ.get("DASHTAM_HOME", ".dashtam")).parent / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
