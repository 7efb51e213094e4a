"""Every secret that passes through Dashtam is looked for afterwards in everything that it has written."""

import base64
import re
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import psycopg
import pytest
from django.conf import settings
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashtam.demo.browser import Browser
from tests import leaks
from tests.mail_service import MailService
from tests.ofx.writing import bank_file, row
from tests.stack import Stack

Seen = dict[str, Any]


def canary(kind: str) -> str:
    """A secret that cannot be mistaken for anything else."""
    return f"canary {kind} {secrets.token_hex(8)}"


def sign_up(stack: Stack, seen: Seen, name: str) -> tuple[str, str]:
    """Somebody new: address and password."""
    email, password = f"{name}-{secrets.token_hex(4)}@example.org", canary(f"password of {name}")
    seen[f"password of {name}"] = password
    with stack.api() as api:
        sent = {"email": email, "password": password, "name": name}
        assert api.post("auth/users", json=sent).status_code == 202
        link = stack.mail_token(email, "/verify-email")
        seen[f"verification link of {name}"] = link
        assert api.get(f"{stack.origin}/verify-email?token={link}").status_code in {200, 303}
        for status in (204, 410):
            assert api.post("auth/email-verifications", json={"token": link}).status_code == status
    return email, password


def sign_in(stack: Stack, seen: Seen, email: str, password: str) -> dict[str, Any]:
    with stack.api() as api:
        answer = api.post("auth/tokens", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    pair: dict[str, Any] = answer.json()
    for kind in ("access_token", "refresh_token"):
        seen[f"{kind} {len(seen)}"] = pair[kind]
    return pair


def passwords_right_wrong_and_weak(stack: Stack, seen: Seen) -> None:
    email, password = sign_up(stack, seen, "pia")
    seen["wrong"], seen["weak"], seen["next"] = canary("wrong"), "canary-w3ak", canary("next")
    seen["basic"] = f"{email}:{password}"
    basic = "Basic " + base64.b64encode(str(seen["basic"]).encode()).decode()
    with stack.api() as api:
        weak = {"email": "w@example.org", "password": seen["weak"], "name": "W"}
        assert api.post("auth/users", json=weak).status_code == 400
        for wrong in (seen["wrong"], f"{seen['wrong']}\0", [seen["wrong"]]):
            refused = api.post("auth/tokens", json={"email": email, "password": wrong})
            assert refused.status_code in {400, 401}
        assert api.get("accounts", headers={"Authorization": basic}).status_code == 401
        assert api.get("accounts", params={"password": str(seen["wrong"])}).status_code == 401
    token = sign_in(stack, seen, email, password)["access_token"]
    with stack.api(token) as api:
        for current, new, status in (("wrong", "next", 400), ("password of pia", "weak", 400)):
            change = {"current_password": seen[current], "new_password": seen[new]}
            assert api.post("auth/me/password", json=change).status_code in {status, 401, 403, 422}
        change = {"current_password": password, "new_password": seen["next"]}
        assert api.post("auth/me/password", json=change).status_code == 204
    with Browser(stack.origin) as browser:
        page = browser.submit(browser.open("/sign-in"), "password", email=email, password=str(seen["wrong"]))
        assert page.status_code == 422
        page = browser.submit(browser.open("/sign-in"), "password", email=email, password=str(seen["next"]))
        assert "Dashboard" in page.text
        seen["session cookie"] = browser.client.cookies["session"]


def tokens_used_reused_and_misplaced(stack: Stack, seen: Seen) -> None:
    pair = sign_in(stack, seen, *sign_up(stack, seen, "tom"))
    with stack.api(pair["access_token"]) as api:
        assert api.get("accounts", params={"access_token": pair["access_token"]}).status_code == 400
        ticket = seen["ticket"] = api.post("events/tickets").json()["ticket"]
        address = f"ws://localhost:{stack.port}/ws/events?ticket={ticket}"
        with connect(address):
            pass
        with pytest.raises(InvalidStatus):
            connect(address)
        wanted = {"name": "all", "scopes": ["read"], "expires_in_days": 30}
        key = seen["API key"] = api.post("auth/api-keys", json=wanted).json()["key"]
    with stack.api(key) as api:
        assert api.get("accounts").status_code == 200
        assert api.post("connections", json={"provider": "sandbox"}).status_code == 403
        assert api.get("accounts", headers={"Authorization": f"Bearer {key}x"}).status_code == 401
    with stack.api() as api:
        sent = {"refresh_token": pair["refresh_token"]}
        renewed = api.post("auth/tokens/refresh", json=sent).json()["refresh_token"]
        seen["renewed"] = renewed
        assert api.post("auth/tokens/refresh", json={"refresh_token": f"{renewed}x"}).status_code == 401
        assert api.post("auth/tokens/revoke", json={"refresh_token": renewed}).status_code == 204
        assert api.post("auth/tokens/refresh", json=sent).status_code == 401


def a_forgotten_password(stack: Stack, seen: Seen) -> None:
    email, _ = sign_up(stack, seen, "flo")
    seen["reset"] = canary("reset")
    with stack.api() as api:
        assert api.post("auth/password-resets", json={"email": email}).status_code == 202
        link = seen["reset link"] = stack.mail_token(email, "/reset-password")
        assert api.get(f"{stack.origin}/reset-password?token={link}").status_code in {200, 303}
        for password, status in (("short", 400), (seen["reset"], 204), (seen["reset"], 410)):
            sent = {"token": link, "password": password}
            assert api.post("auth/password-resets/confirm", json=sent).status_code == status


def a_letter_that_is_refused(stack: Stack, seen: Seen, mail: MailService) -> None:
    seen["password of nobody"] = canary("password of nobody")
    sent = {"email": "rejected@example.org", "password": seen["password of nobody"], "name": "No"}
    with stack.api() as api:
        assert api.post("auth/users", json=sent).status_code == 202
    letter = stack.wait_for(lambda: mail.refused, "the letter to be refused")[0]
    link = re.search(r"/verify-email\?token=3?D?([\w=\r\n-]+)", letter)
    assert link
    seen["refused link"] = re.sub(r"=\r?\n", "", link[1]).split()[0]


def linking(stack: Stack, seen: Seen) -> tuple[str, str]:
    """Through the bank and back, twice; returns the access token and the connection."""
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


@pytest.fixture(scope="module")
def mail() -> Iterator[MailService]:
    with MailService() as service:
        yield service


@pytest.mark.slow
def test_n1_no_secret_is_left_anywhere(mail: MailService) -> None:
    seen: Seen = {"AWS key": secrets.token_urlsafe(24)}
    stack = Stack(**mail.settings, AWS_SECRET_ACCESS_KEY=str(seen["AWS key"]))
    mail.folder = stack.outbox
    with stack:
        seen["client secret"] = stack.bank.client_secret
        seen["SECRET_KEY"] = settings.SECRET_KEY
        seen.update({f"key {name}": key for name, key in settings.ENCRYPTION_KEYS.items()})
        seen.update({f"signing key {name}": key for name, key in settings.JWT_KEYS.items()})
        passwords_right_wrong_and_weak(stack, seen)
        tokens_used_reused_and_misplaced(stack, seen)
        a_forgotten_password(stack, seen)
        a_letter_that_is_refused(stack, seen, mail)
        token, connection = linking(stack, seen)
        files_and_a_database_that_quotes_the_row(stack, seen, token)
        a_bank_that_answers_with_what_it_knows(stack, seen, token, connection)
        assert len(seen) > 40
        assert leaks.found(seen, leaks.places(stack)) == set()


@pytest.mark.parametrize(
    "written", ["s3cr3t w0rds", "s3cr3t%20w0rds", "czNjcjN0IHcwcmRz", "733363723374207730726473"]
)
def test_a_secret_that_is_left_is_found(written: str) -> None:
    told = iter([("the log", f"so it said {written}!".encode())])
    assert leaks.found({"password": "s3cr3t w0rds"}, told) == {"password in the log"}
