"""Credentials of people, sent to every endpoint that takes them, right and wrong."""

import base64
import re
import secrets
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashtam.installation.demo.browser import Browser
from tests.accounts.second_factors import code
from tests.mail_service import MailService
from tests.stack import Stack

Seen = dict[str, Any]


def canary(kind: str) -> str:
    """A secret that no other text can contain by chance."""
    return f"canary {kind} {secrets.token_hex(8)}"


def sign_up(stack: Stack, seen: Seen, name: str) -> tuple[str, str]:
    """Sign a new person up; returns email and password."""
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


def second_factors(stack: Stack, seen: Seen) -> None:
    email, password = sign_up(stack, seen, "otto")
    seen["wrong code"] = canary("code")
    with stack.api(sign_in(stack, seen, email, password)["access_token"]) as api:
        started = api.post("auth/mfa/totp").json()
        seen["seed in base32"] = started["secret"]
        seen["seed"] = base64.b32decode(started["secret"] + "=" * (-len(started["secret"]) % 8))
        for otp, statuses in ((seen["wrong code"], {400, 401}), (code(started["secret"]), {200})):
            confirmed = api.post("auth/mfa/totp/confirm", json={"otp": otp})
            assert confirmed.status_code in statuses, confirmed.text
        codes = confirmed.json()["recovery_codes"]
        for number, each in enumerate(codes):
            seen[f"recovery code {number}"] = each
            seen[f"recovery code {number}, plain"] = each.replace("-", "")
    with stack.api() as api:
        for otp, status in ((None, 401), (seen["wrong code"], 401), (codes[0], 200), (codes[0], 401)):
            sent = {"email": email, "password": password, "otp": otp}
            answer = api.post("auth/tokens", json=sent)
            assert answer.status_code in {status, 400}, answer.text


def another_address(stack: Stack, seen: Seen) -> None:
    email, password = sign_up(stack, seen, "nele")
    new = f"new-{email}"
    with stack.api(sign_in(stack, seen, email, password)["access_token"]) as api:
        for sent in (seen["wrong"], password):
            assert api.post("auth/reauthentications", json={"password": sent}).status_code in {204, 400, 401}
        assert api.post("auth/me/email", json={"email": new}).status_code == 202
        for to, path in ((new, "/confirm-new-email"), (email, "/email-change")):
            link = seen[f"link to {path}"] = stack.mail_token(to, path)
            assert api.get(f"{stack.origin}{path}?token={link}").status_code in {200, 303}
            assert api.post("auth/email-changes/confirm", json={"token": f"{link}x"}).status_code == 410
            assert api.post("auth/email-changes/confirm", json={"token": link}).status_code == 204
    sign_in(stack, seen, new, password)
