"""A running Sandbox Bank, and an OAuth client to talk to it."""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from providers.simulator.process import SandboxBank

REDIRECT_URI = "http://127.0.0.1:9/callback"
TODAY = date(2026, 3, 18)
SCOPE = "accounts balances transactions holdings"


@dataclass
class OAuthClient:
    """An OAuth client of the bank: authorizes, redeems, refreshes, reads."""

    bank: SandboxBank
    http: httpx.Client
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def authorization_url(self, **changes: str | None) -> str:
        """The URL of an authorization request; a change of None leaves the parameter out."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.bank.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPE,
            "state": "st&te=1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        given = {name: value for name, value in (usual | changes).items() if value is not None}
        return f"{self.bank.url}/oauth/authorize?{urlencode(given)}"

    def code(self, customer: str = "ana", **changes: str | None) -> str:
        return answer(self.bank.decide(self.authorization_url(**changes), customer=customer))["code"]

    def token(self, **form: str) -> httpx.Response:
        return self.http.post("/oauth/token", data=form, auth=(self.bank.client_id, self.bank.client_secret))

    def redeem(self, code: str, **changes: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": self.verifier} | changes
        return self.token(grant_type="authorization_code", **form)

    def refresh(self, refresh_token: str, **changes: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def connect(self, customer: str = "ana", **changes: str | None) -> dict[str, Any]:
        """The tokens of a new consent."""
        tokens: dict[str, Any] = self.redeem(self.code(customer, **changes)).json()
        return tokens

    def get(self, path: str, token: str, **query: Any) -> httpx.Response:
        return self.http.get(f"/api/v1/{path}", params=query, headers={"Authorization": f"Bearer {token}"})

    def accounts(self, token: str) -> dict[str, dict[str, Any]]:
        """The accounts by the bank's kind."""
        return {account["kind"]: account for account in self.get("accounts", token).json()["accounts"]}

    def changes(self, account_id: str, token: str, cursor: str | None = None, limit: int = 500) -> "Changes":
        """Read the feed to its end."""
        found = Changes()
        more = True
        while more:
            query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = self.get(f"accounts/{account_id}/transactions", token, **query).json()
            assert len(page["added"]) + len(page["modified"]) + len(page["removed"]) <= limit
            found.added += page["added"]
            found.modified += page["modified"]
            found.removed += [row["id"] for row in page["removed"]]
            cursor, more = page["next_cursor"], page["has_more"]
        found.cursor = cursor
        return found


@dataclass
class Changes:
    added: list[dict[str, Any]] = field(default_factory=list)
    modified: list[dict[str, Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    cursor: str | None = None


def answer(location: str) -> dict[str, str]:
    """The parameters of the bank's redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.fixture(scope="session")
def running_bank() -> Iterator[SandboxBank]:
    with SandboxBank.start(redirect_uri=REDIRECT_URI, today=TODAY) as bank:
        yield bank


@pytest.fixture
def bank(running_bank: SandboxBank) -> SandboxBank:
    """A bank as it is before its first request."""
    running_bank.control("reset")
    return running_bank


@pytest.fixture
def client(bank: SandboxBank) -> Iterator[OAuthClient]:
    with httpx.Client(base_url=bank.url, timeout=20) as http:
        yield OAuthClient(bank, http)
