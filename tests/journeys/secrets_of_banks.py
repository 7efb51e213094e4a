"""Secrets from institutions: consents, tokens and statements, on good and on failing paths."""

import base64
import json
import secrets
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zipfile import ZipFile

import httpx
import psycopg

from dashtam.installation.demo.browser import Browser
from tests import leaks
from tests.journeys.secrets_of_people import Seen, canary, sign_in, sign_up
from tests.providers.formats.ofx.writing import bank_file, row
from tests.stack import Stack


def linking(stack: Stack, seen: Seen) -> tuple[str, str]:
    """Link through the bank, opening the callback twice; returns the access token and the connection."""
    email, password = sign_up(stack, seen, "lea")
    token = sign_in(stack, seen, email, password)["access_token"]
    with stack.api(token) as api, Browser(stack.origin) as browser:
        ours = api.post("connections", json={"provider": "sandbox"}).json()["authorization_url"]
        seen["start link"] = ours.rpartition("/")[2]
        assert httpx.get(ours, trust_env=False).status_code in {302, 303}  # not signed in
        browser.submit(browser.open("/sign-in"), "password", email=email, password=password)
        consent = browser.submit(browser.open(ours), "/connections/start/")
        seen["link cookie"] = browser.client.cookies["link"]
        seen.update(leaks.opened(stack))  # the verifier
        assert browser.open(ours).status_code >= 400
        asked = parse_qs(urlsplit(str(consent.url)).query)
        seen["state"] = asked["state"][0]
        wrong = {"state": canary("foreign state"), "code": canary("foreign code")}
        seen.update(wrong)
        assert browser.open(f"/providers/sandbox/callback?{urlencode(wrong)}").status_code >= 400
        back = stack.bank.decide(str(consent.url))
        seen["code"] = parse_qs(urlsplit(back).query)["code"][0]
        assert browser.open(back).status_code == 200
        assert browser.open(back).status_code >= 400
    connection = stack.synced(token)
    seen.update(leaks.opened(stack))
    stack.bank.control("expire-access-tokens", {})
    assert synced_again(stack, token, connection["id"])["state"] == "succeeded"
    seen.update({f"{name} renewed": secret for name, secret in leaks.opened(stack).items()})
    return token, connection["id"]


def tokens_to_paste(stack: Stack, seen: Seen, token: str) -> None:
    """Access of one's own: claimed, claimed twice, refused, and used."""
    setup = stack.bank.control("simplefin/token", {"customer": "ben"})["token"]
    flex = stack.bank.control("ibkr/desk", {"customer": "ana"})
    seen["setup token"], seen["flex token"] = setup, flex["token"]
    seen["claim"] = base64.b64decode(setup).decode().rpartition("/")[2]
    seen["foreign flex token"] = canary("foreign flex token")
    refused = {"token": str(seen["foreign flex token"]), "query": flex["query"]}
    key = stack.bank.control("snaptrade/key", {"customer": "ana", "connected": True})
    seen["consumer key"] = key["consumer_key"]
    seen["foreign consumer key"] = canary("foreign consumer key")
    with stack.api(token) as api:
        for provider, credentials, status in (
            ("simplefin", {"token": setup}, 201),
            ("simplefin", {"token": setup}, 422),
            ("ibkr", {"token": flex["token"], "query": flex["query"]}, 201),
            ("ibkr", refused, 422),
            ("snaptrade", key, 201),
            ("snaptrade", key | {"consumer_key": str(seen["foreign consumer key"])}, 422),
        ):
            answer = api.post("connections", json={"provider": provider, "credentials": credentials})
            assert answer.status_code == status, answer.text
    for sealed in leaks.opened(stack).values():
        with suppress(ValueError):
            seen.update({f"bridge's {name}": each for name, each in inside(json.loads(sealed)).items()})


def inside(found: Any) -> dict[str, str]:
    """The password in a grant of the bridge, wherever it stands."""
    if not isinstance(found, dict):
        return {}
    own = {name: value for name, value in found.items() if name == "password"}
    return own | {name: value for each in found.values() for name, value in inside(each).items()}


def synced_again(stack: Stack, token: str, connection: str) -> dict[str, Any]:
    with stack.api(token) as api:
        path = f"connections/{connection}/syncs"
        run = api.post(path).json()["id"]

        def ended() -> dict[str, Any] | None:
            newest = api.get(path).json()["results"][0]
            return newest if newest["id"] == run and newest["state"] not in {"queued", "running"} else None

        return dict(stack.wait_for(ended, "the sync to end"))


def a_bank_that_answers_with_what_it_knows(stack: Stack, seen: Seen, token: str, connection: str) -> None:
    port = urlsplit(stack.bank.url).port
    stack.bank.control("expire-access-tokens", {})
    stack.bank.stop()
    seen["what the bank said"] = canary("what the bank said")

    class Tells(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            words = " ".join(map(str, [*seen.values(), self.headers["Authorization"], self.path]))
            self.send_response(400, "Bad")
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(f'{{"error": "server_error", "error_description": "{words!r}"}}'.encode())

        do_POST = do_GET  # noqa: N815 as http.server names it

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port or 0), Tells) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        assert synced_again(stack, token, connection)["state"] == "failed"
        server.shutdown()


def files_and_a_database_that_quotes_the_row(stack: Stack, seen: Seen, token: str) -> None:
    seen["account number"], seen["row"] = f"DE99{secrets.randbelow(10**16):016}", canary("row")
    number = f"<ACCTID>{seen['account number']}<"
    sound = bank_file(row()).replace(b"<ACCTID>2<", number.encode())
    quoted = bank_file(row(name=str(seen["row"]), fitid="B")).replace(b"<ACCTID>2<", number.encode())
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as database:
        database.execute(
            "ALTER TABLE providers_transaction ADD CHECK (description NOT LIKE 'canary row%') NOT VALID"
        )
    with stack.api(token) as api:
        for content, status in ((sound, 201), (sound[:-60], 422), (sound.replace(b"-1.00", b"x"), 201)):
            answer = api.post("imports", files={"file": ("march.ofx", content)})
            assert answer.status_code in {status, 201, 422}, answer.text
        refused = api.post("imports", files={"file": ("march.ofx", quoted)})
        assert (refused.status_code, refused.json()["code"]) == (500, "internal_error")
    assert refused.json()["request_id"] in (stack.home / "logs" / "web.log").read_text()


def exported(stack: Stack, token: str) -> bytes:
    """The whole export of a person's data."""
    with stack.api(token) as api:

        def ready() -> str:
            return str(api.get("auth/me/export").json()["download_url"] or "")

        archive = ZipFile(BytesIO(api.get(stack.wait_for(ready, "the export")).content))
    return b"\n".join(archive.read(name) for name in archive.namelist())
