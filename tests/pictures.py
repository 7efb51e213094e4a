"""`make pictures`: the README's pictures, taken of the demo household in Chromium."""

import base64
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from dashtam.installation import embedded, local

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
# name: (address, width and height of the window, pixels for each of its points)
PICTURES = {
    "dashboard": ("/", (1200, 860), 1.5),
    "transactions": ("/transactions", (1200, 860), 1.5),
    "phone": ("/", (390, 844), 2.0),
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUALITY = 80


def main() -> int:
    """Start a Dashtam with servers of its own, connect Sandbox Bank, and photograph the pages."""
    home = Path(tempfile.mkdtemp(prefix="dashtam-pictures-"))
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {"DASHTAM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    local.load_secrets(generate=True)
    local.start_servers()
    os.environ["STACK_DATABASE_URL"] = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = os.environ.pop("MIGRATION_DATABASE_URL")
    import django

    django.setup()
    from tests.stack import Stack

    try:
        with Stack() as stack:
            email, token = stack.sign_up("Ana")
            stack.connect(email, token)
            stack.synced(token)
            for path in take(stack.origin, email):
                print(f"{path.relative_to(Path.cwd())}  {path.stat().st_size / 1000:.0f} kB")
    finally:
        embedded.release(home)
        shutil.rmtree(home, ignore_errors=True)
    return 0


def take(origin: str, email: str) -> list[Path]:
    """Every picture in every scheme; the files that were written."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.conftest import FLAGS, chromium_path
    from tests.e2e.test_pages_journey import sign_in

    FOLDER.mkdir(parents=True, exist_ok=True)
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        for name, (address, (width, height), scale) in PICTURES.items():
            context = browser.new_context(
                base_url=origin, viewport={"width": width, "height": height}, device_scale_factor=scale
            )
            page = context.new_page()
            sign_in(page, email)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                page.goto(address)
                page.wait_for_load_state("networkidle")
                written.append(FOLDER / f"{name}-{scheme}.webp")
                written[-1].write_bytes(webp(page))
            context.close()
        browser.close()
    return written


def webp(page: Any) -> bytes:
    """The window as WebP, a third of the size of a PNG; Playwright itself writes PNG and JPEG only."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(answer["data"])


if __name__ == "__main__":
    sys.exit(main())
