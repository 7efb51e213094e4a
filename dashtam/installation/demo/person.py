"""The demo person: signs up, confirms, signs in, connects Sandbox Bank and reads the accounts."""

import email
import email.policy
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dashtam.installation.demo.browser import Browser, link_out

WAIT_SECONDS = 60


class StepFailed(Exception):
    """A step of the demo did not end as it should; the message says which."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The email and password of the demo person."""

    email: str
    password: str


class Person:
    """Uses Dashtam through its public REST API and, where a browser is asked for, through its pages."""

    def __init__(self, *, origin: str, credentials: Credentials) -> None:
        self.origin = origin
        self.credentials = credentials
        named = {"User-Agent": "Dashtam demo"}
        self.api = httpx.Client(base_url=f"{origin}/api/v1/", timeout=30, trust_env=False, headers=named)

    def can_sign_in(self) -> bool:
        """Sign in by API; False if the address is unknown or not confirmed yet."""
        response = self.api.post("auth/tokens", json=vars_of(self.credentials))
        if response.status_code == 401:
            return False
        token = _expect(response, 200, "signing in")["access_token"]
        self.api.headers["Authorization"] = f"Bearer {token}"
        return True

    def sign_up(self, *, name: str, outbox: Path) -> None:
        """Register, then confirm the address with the link from the mail."""
        _expect(
            self.api.post("auth/users", json={**vars_of(self.credentials), "name": name}), 202, "signing up"
        )
        token = _token_from_mail(outbox, to=self.credentials.email)
        _expect(
            self.api.post("auth/email-verifications", json={"token": token}), 204, "confirming the address"
        )

    def connection(self, provider: str = "sandbox") -> dict[str, Any] | None:
        """The connection to an institution, if it is there and working."""
        rows = _expect(self.api.get("connections"), 200, "listing connections")["results"]
        alive = {"active", "expiring", "degraded"}
        return next((row for row in rows if row["provider"] == provider and row["state"] in alive), None)

    def connect(self) -> dict[str, Any]:
        """Go through the whole OAuth flow as a browser does: our page, the bank's consent, and back."""
        started = _expect(
            self.api.post("connections", json={"provider": "sandbox"}), 201, "starting the connection"
        )
        self._visit(started["authorization_url"])
        connection = self.connection()
        if connection is None:
            raise StepFailed("The bank's consent did not lead to a connection.")
        return connection

    def _visit(self, url: str) -> None:
        """Follow a one-time link as a browser does: our page, the institution's, and back."""
        with Browser(self.origin) as browser:
            browser.submit(browser.open("/sign-in"), "password", **vars_of(self.credentials))
            page = browser.submit(browser.open(url), "/connections/start/")
            consent = browser.open(out) if (out := link_out(page)) else page
            end = browser.submit(consent, "decision", button="approve")
        if end.status_code != 200 or not (out or str(end.url).startswith(self.origin)):
            raise StepFailed(f"The way back from the bank ended with {end.status_code}.")

    def connect_with(self, provider: str, answers: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Answer an institution's questions, and visit its page if it has one."""
        asked = {"provider": provider, "credentials": dict(answers[0])}
        step = _expect(self.api.post("connections", json=asked), 201, f"connecting {provider}")
        for answer in answers[1:]:
            place = f"connections/{step['id']}/steps"
            step = _expect(
                self.api.post(place, json={"credentials": dict(answer)}), 200, f"connecting {provider}"
            )
        if self.connection(provider) is None and step.get("authorization_url"):
            self._visit(step["authorization_url"])
        return self._completed(provider, step["id"])

    def _completed(self, provider: str, id: str) -> dict[str, Any]:
        """The connection, once the institution says that its page was finished."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            connection = self.connection(provider)
            if connection is not None:
                return connection
            self.api.post(f"connections/{id}/steps", json={"credentials": {}})
            threading.Event().wait(1)
        raise StepFailed(f"{provider} asks for more than the demo has.")

    def sync(self, connection_id: str) -> None:
        """Ask for a sync now."""
        _expect(self.api.post(f"connections/{connection_id}/syncs"), 202, "asking for a sync")

    def sync_progress(self, connection_id: str) -> Iterator[tuple[int, int, str]]:
        """Accounts done, accounts in total, and the state, until the newest sync has ended."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            rows = _expect(self.api.get(f"connections/{connection_id}/syncs"), 200, "watching the sync")[
                "results"
            ]
            if rows:
                yield rows[0]["accounts_done"], rows[0]["accounts_total"], rows[0]["state"]
                if rows[0]["state"] not in {"queued", "running"}:
                    return
            threading.Event().wait(0.1)
        raise StepFailed(f"The sync did not end within {WAIT_SECONDS} seconds.")

    def accounts(self) -> list[dict[str, Any]]:
        """All accounts, with balances."""
        return list(
            _expect(self.api.get("accounts", params={"limit": 500}), 200, "reading accounts")["results"]
        )

    def transactions(self, account_id: str) -> int:
        """The number of transactions of the account, paged to the end."""
        count, cursor = 0, ""
        while True:
            query = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            body = _expect(self.api.get(f"accounts/{account_id}/transactions", params=query), 200, "paging")
            count += len(body["results"])
            cursor = body["next_cursor"] or ""
            if not cursor:
                return count

    def net_worth(self) -> dict[str, Any]:
        """Assets, liabilities and total."""
        return dict(_expect(self.api.get("net-worth"), 200, "reading the net worth"))


def vars_of(credentials: Credentials) -> dict[str, str]:
    """The credentials as fields of a form or request."""
    return {"email": credentials.email, "password": credentials.password}


def remembered_credentials(path: Path) -> Credentials:
    """The demo person of this installation: made up once, kept in a private file."""
    if path.exists():
        return Credentials(**json.loads(path.read_text()))
    made = Credentials("ana@example.org", "-".join(secrets.choice(_WORDS) for _ in range(5)))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(vars_of(made), file)
    return made


def _token_from_mail(outbox: Path, *, to: str) -> str:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for file in sorted(outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            found = re.search(r"/verify-email\?token=([\w-]+)", body.get_content() if body else "")
            if to in str(message["To"]) and found:
                return found[1]
        threading.Event().wait(0.1)
    raise StepFailed(f"No confirmation mail arrived in {outbox} within {WAIT_SECONDS} seconds.")


def _expect(response: httpx.Response, status: int, step: str) -> Any:
    if response.status_code != status:
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        raise StepFailed(
            f"{step.capitalize()} was answered with {response.status_code} {problem.get('code', '')}."
        )
    return response.json() if response.content else None


_WORDS = (
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "kelp", "larch",
    "maple", "north", "ochre", "pearl", "quartz", "river", "slate", "thyme", "umber", "velvet", "willow", "zephyr",
    "anchor", "beacon", "copper", "drift", "echo", "falcon", "garnet", "harbor", "island", "juniper", "kindle",
    "lantern", "meadow", "nectar", "orchard", "pebble", "quiver", "raven", "sable", "timber", "upland", "vessel",
)  # fmt: skip
