"""A person who signs up by mail, connects a bank, and knows their numbers."""

from decimal import Decimal
from typing import Any

import httpx

from dashtam.installation.demo.browser import Browser
from tests.deploy.mailbox import Mailbox
from tests.deploy.waiting import PATIENCE, wait_for

PASSWORD = "correct horse battery staple"
EMAIL = "ana@example.org"
WAIT_SECONDS = 120
ENDED = {"succeeded", "partial", "failed", "interrupted"}


class Person:
    """Uses REST, and a browser where one is asked for."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.api = httpx.Client(base_url=f"{origin}/api/v1/", timeout=60 * PATIENCE, trust_env=False)

    def sign_up(self, mailbox: Mailbox) -> None:
        """Register, and confirm the address by the link in the mail."""
        body = {"email": EMAIL, "password": PASSWORD, "name": "Ana"}
        self._expect(self.api.post("auth/users", json=body), 202)
        token = mailbox.link(EMAIL, "/verify-email")
        self._expect(self.api.post("auth/email-verifications", json={"token": token}), 204)

    def sign_in(self) -> None:
        """A new access token."""
        answer = self.api.post("auth/tokens", json={"email": EMAIL, "password": PASSWORD})
        self.api.headers["Authorization"] = f"Bearer {self._expect(answer, 200)['access_token']}"

    def connect(self) -> None:
        """Consent at Sandbox Bank, in a browser."""
        started = self._expect(self.api.post("connections", json={"provider": "sandbox"}), 201)
        with Browser(self.origin) as browser:
            browser.client.timeout = 30 * PATIENCE
            browser.submit(browser.open("/sign-in"), "password", email=EMAIL, password=PASSWORD)
            consent = browser.submit(browser.open(started["authorization_url"]), "/connections/start/")
            end = browser.submit(consent, "decision", button="approve")
        assert end.status_code == 200, end.text[:300]

    def synced(self, *, ask: bool = False) -> None:
        """Wait until the newest sync has succeeded; `ask` for one first."""
        connection = self.get("connections")["results"][0]
        path = f"connections/{connection['id']}/syncs"
        known = {run["id"] for run in self.get(path)["results"]} if ask else set()
        if ask:
            self._expect(self.api.post(path), 202)

        def ended() -> Any:
            runs = [run for run in self.get(path)["results"] if run["id"] not in known]
            return runs[0] if runs and runs[0]["state"] in ENDED else None

        run = wait_for(ended, "the sync to end", seconds=WAIT_SECONDS)
        assert run["state"] == "succeeded", run

    def numbers(self) -> dict[str, Any]:
        """All that the person would compare: each account with its balance and its rows, and what they are worth."""
        found: dict[str, Any] = {}
        for account in self.get("accounts?limit=500")["results"]:
            rows = list(self._rows(account["id"]))
            balance = f"{account['balances']['current']} {account['currency']}"
            total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
            found[f"{account['name']} {account['mask']}"] = (balance, len(rows), str(total))
        holdings = self.get("holdings?limit=500")["results"]
        found["holdings"] = sorted(f"{each['quantity']} {each.get('value')}" for each in holdings)
        found["net worth"] = self.get("net-worth")["total"]
        assert len(found) > 3, found
        return found

    def _rows(self, account: str) -> Any:
        cursor = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"accounts/{account}/transactions?limit=500{more}")
            yield from page["results"]
            cursor = page["next_cursor"]

    def get(self, path: str) -> Any:
        """Read something."""
        return self._expect(self.api.get(path), 200)

    def _expect(self, answer: httpx.Response, status: int) -> Any:
        where = f"{answer.request.method} {answer.request.url.path}"
        assert answer.status_code == status, f"{where} is answered {answer.status_code}: {answer.text[:300]}"
        return answer.json() if answer.content else None
