"""Files and pages as a browser gets them: compressed, kept for good under hashed names, fit for a phone."""

import gzip
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import AsyncClient

from accounts.models import User
from dashtam.ui import app_icons
from dashtam.web.static_files import StaticFiles
from tests.providers.pages.browsing import Browser

CSS = "dashtam/dashtam.css"
FOREVER = "max-age=315360000, public, immutable"


class Answer:
    """An answer of an ASGI application."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""


async def asked(application: Any, path: str, **headers: str) -> Answer:
    """GET, as the server passes it on."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": named}
    answer = Answer()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message["body"]

    await application(scope, receive, send)
    return answer


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the files."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> StaticFiles:
    settings.HOME = tmp_path
    return StaticFiles(nothing)


def test_t11_the_url_of_a_file_says_which_content_it_is() -> None:
    assert re.fullmatch(r"/static/dashtam/dashtam\.[0-9a-f]{12}\.css", static(CSS))
    assert static("dashtam/nothing.css") == "/static/dashtam/nothing.css"


async def test_t11_under_that_url_it_is_kept_for_good(files: StaticFiles) -> None:
    hashed = await asked(files, static(CSS))
    assert (hashed.status, hashed.headers["cache-control"]) == (200, FOREVER)
    plain = await asked(files, f"/static/{CSS}")
    assert (plain.body, plain.headers["cache-control"]) == (hashed.body, "max-age=300, public")


async def test_t11_the_url_of_an_older_version_gets_what_there_is_now_for_a_moment(
    files: StaticFiles,
) -> None:
    old = await asked(files, "/static/dashtam/dashtam.0123456789ab.css")
    assert (old.status, old.headers["cache-control"]) == (200, "max-age=300, public")
    assert (await asked(files, "/static/dashtam/nothing.0123456789ab.css")).status == 404
    assert (await asked(files, "/static/../manage.0123456789ab.py")).status == 404


@pytest.mark.parametrize("name", [CSS, "dashtam/live.js", "admin/css/base.css", "dashtam/app.webmanifest"])
async def test_t11_texts_come_compressed_to_whom_they_may(files: StaticFiles, name: str) -> None:
    packed = await asked(files, static(name), accept_encoding="gzip, br")
    plain = await asked(files, static(name), accept_encoding="identity")
    assert "content-encoding" not in plain.headers
    if len(plain.body) > 1_000:
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) / 2


async def test_t11_where_no_copy_can_be_kept_files_come_as_they_are(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file, where a folder should be")
    settings.HOME = tmp_path
    answer = await asked(StaticFiles(nothing), static(CSS), accept_encoding="gzip")
    assert (answer.status, "content-encoding" in answer.headers) == (200, False)


async def test_t11_pages_come_compressed_and_never_twice_of_one_length(
    async_client: AsyncClient, db: None
) -> None:
    lengths = set()
    for _ in range(8):
        page = await async_client.get("/sign-in", headers={"accept-encoding": "gzip"})
        assert page["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in page["Vary"]
        assert int(page["Content-Length"]) == len(page.content)
        assert b"Sign in" in gzip.decompress(page.content)
        lengths.add(len(page.content))
    assert len(lengths) > 1, "random bytes hide how well a guess was compressed"
    plain = await async_client.get("/sign-in")
    assert "Content-Encoding" not in plain


async def test_t11_a_page_that_shows_a_secret_is_not_compressed(ana: User) -> None:
    browser = await Browser().sign_in(ana)
    asks = {"accept-encoding": "gzip"}
    await browser.get("/settings/security")
    await browser.post("/settings/security/authenticator/start")
    shown = await browser.client.get("/settings/security/authenticator", headers=asks)
    assert (shown.status_code, "Content-Encoding" in shown) == (200, False)
    other = await browser.client.get("/settings/profile", headers=asks)
    assert other["Content-Encoding"] == "gzip"


def test_t11_every_page_that_shows_a_secret_says_so() -> None:
    from tests.rules import sources

    showing = ("api_key_created.html", "recovery_codes.html", "totp_set_up.html")
    for path in sources():
        text = path.read_text()
        for page in showing:
            if f"accounts/{page}" in text:
                assert "shows_secret" in text, (path, page)


async def test_t11_the_page_names_a_manifest_and_icons_that_are_there(
    files: StaticFiles, async_client: AsyncClient, db: None
) -> None:
    page = await async_client.get("/sign-in")
    found = re.search(r'<link rel="manifest" href="([^"]+)">', page.content.decode())
    assert found
    assert "manifest-src 'self'" in page["Content-Security-Policy"]
    answer = await asked(files, found[1])
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = json.loads(answer.body)
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        image = await asked(files, f"/static/dashtam/{icon['src']}")
        assert image.headers["content-type"] == "image/png"
        width, height = struct.unpack(">II", image.body[16:24])
        assert icon["sizes"] == f"{width}x{height}"
    touch = re.search(r'<link rel="apple-touch-icon" href="([^"]+)">', page.content.decode())
    assert touch
    assert (await asked(files, touch[1])).body[:8] == b"\x89PNG\r\n\x1a\n"


def pixels(image: bytes) -> bytes:
    start = image.index(b"IDAT")
    (length,) = struct.unpack(">I", image[start - 4 : start])
    return zlib.decompress(image[start + 4 : start + 4 + length])


def test_t11_the_icons_are_as_the_mark_is_drawn() -> None:
    kept = Path(__file__).parents[3] / "dashtam" / "static" / "dashtam" / "icon-180.png"
    assert pixels(kept.read_bytes()) == pixels(app_icons.png(180))


@pytest.mark.parametrize(
    ("tried", "leads_to"),
    [
        ("/settings", "/settings/profile"),
        ("/accounts", "/"),
        ("/.well-known/change-password", "/settings/security"),
    ],
)
async def test_t11_addresses_that_people_try_lead_somewhere(ana: User, tried: str, leads_to: str) -> None:
    for browser in (Browser(), await Browser().sign_in(ana)):
        answer = await browser.get(tried)
        assert (answer.status_code, answer["Location"]) == (302, leads_to)
    assert (await browser.get(leads_to)).status_code == 200
    assert (await browser.get("/transactions")).status_code == 200


async def test_t11_the_favicon_s_address_leads_to_one_that_stays(async_client: AsyncClient, db: None) -> None:
    assert (await async_client.get("/favicon.ico"))["Location"] == "/static/dashtam/favicon.svg"
