"""The page of the API's document: long, so that axe takes ten seconds for it. Each size and each scheme once."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.e2e.test_every_page import SCREENS, look
from tests.stack import Stack


@pytest.mark.parametrize(("screen", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_i2_the_document_of_the_api(
    stack: Stack,
    chromium: Browser,
    complaints: list[str],
    pictures: Path,
    screen: str,
    scheme: Literal["light", "dark"],
) -> None:
    size: ViewportSize = SCREENS[screen]
    context = chromium.new_context(
        base_url=stack.origin, viewport=size, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    look(page, "/api/v1/docs", complaints, pictures, f"{screen}-{scheme}")
    context.close()
