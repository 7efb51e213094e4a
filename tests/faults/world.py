"""A person of a whole Dashtam who reads all the time, and the bank's own books."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from django.db import OperationalError

from providers.sync.models import SyncRun
from tests.faults.books import differences
from tests.faults.parts import Parts
from tests.faults.reader import Seen, reading
from tests.stack import PASSWORD

WELL_WITHIN_SECONDS = 120.0  # a job whose worker died is given to another within 90
FRESH_SECONDS = 240.0
# Jobs of workers that are gone: each may hold one of the institution's few places until another worker has it.
LEFT_BEHIND = """
SELECT count(*) FROM procrastinate_jobs
WHERE status = 'doing' AND worker_id IS DISTINCT FROM (SELECT max(id) FROM procrastinate_workers)
"""


class World(Parts):
    """Every part that can break, and the person who must lose no data by it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.found: list[str] = []
        self.seen = Seen()

    def __enter__(self) -> "World":
        self.stack.__enter__()
        self.signed_in = time.monotonic()
        self.email, self.token = self.stack.sign_up("Ana")
        self.stack.connect(self.email, self.token)
        self.stack.synced(self.token)
        with self.stack.api(self.token) as api:
            self.connection = api.get("connections").json()["results"][0]["id"]
        return self

    def __exit__(self, *error: Any) -> None:
        self.postgres.switch("pass")
        self.stack.__exit__(*error)
        self.postgres.close()
        self.valkey.close()

    def sign_in_again(self) -> None:
        """A new access token now and then: they live ten minutes, and the faults together last longer."""
        if time.monotonic() - self.signed_in > FRESH_SECONDS:
            self.signed_in, self.token = time.monotonic(), self.stack.sign_in(self.email)

    def wait_for_what_was_left_behind(self) -> None:
        """Let no fault suffer from the one before it: a killed worker's jobs are taken over within a minute."""
        deadline = time.monotonic() + WELL_WITHIN_SECONDS
        while self.count(LEFT_BEHIND) and time.monotonic() < deadline:
            threading.Event().wait(0.2)

    def state(self) -> tuple[str, str]:
        """The connection's state and its reason."""
        with self.stack.api(self.token) as api:
            found = api.get(f"connections/{self.connection}").json()
            return found["state"], found["state_reason"] or ""

    def ask_for_a_sync(self) -> str:
        """As the button on the page does, but past its limit and on a way of our own; returns the run's id."""
        self.past_all_that_is_broken()
        return str(SyncRun.objects.request(connection_id=UUID(self.connection), trigger="manual").id)

    def newest_run(self, id: str) -> dict[str, Any]:
        """A sync run as the API shows it; empty before it does."""
        with self.stack.api(self.token) as api:
            runs = api.get(f"connections/{self.connection}/syncs?limit=500").json().get("results", [])
        return next((run for run in runs if run["id"] == id), {})

    def ended(self, id: str, *, within: float) -> dict[str, Any]:
        """That run once it has ended; a finding, and the run as it is, when it has not in so many seconds."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            run = self.newest_run(id)
            if run.get("state", "queued") not in {"queued", "running"}:
                return run
            threading.Event().wait(0.2)
        self.expect(False, f"the sync had not ended after {within:.0f} s")
        return self.newest_run(id)

    def expect_failed(self, id: str, *codes: str, within: float) -> None:
        """The run ends soon, because of what the provider did, and the connection waits for its next turn."""
        run = self.ended(id, within=within)
        errors = {run.get("error_code") or "", *(run.get("account_errors") or {}).values()} - {""}
        self.expect(bool(errors) and errors <= set(codes), f"the sync ended {run.get('state')} of {errors}")
        self.expect(self.state()[0] in {"active", "degraded"}, f"the connection is {self.state()}")

    def reads(self) -> bool:
        """True if the person's accounts can be read."""
        with self.stack.api(self.token) as api:
            return api.get("accounts").status_code == 200

    def expect_daily_life(self, *, within: float = 15) -> None:
        """A person signs in, reads, signs out, and is out; a sync succeeds in so many seconds."""
        with self.stack.api() as api:
            signed_in = api.post("auth/tokens", json={"email": self.email, "password": PASSWORD})
            self.expect(signed_in.status_code == 200, f"no sign-in: {signed_in.status_code}")
            pair = signed_in.json()
            bearer = {"Authorization": f"Bearer {pair.get('access_token')}"}
            self.expect(api.get("accounts", headers=bearer).status_code == 200, "no reading after a sign-in")
            api.post("auth/tokens/revoke", json={"refresh_token": pair.get("refresh_token")})
            self.expect(
                api.get("accounts", headers=bearer).status_code == 401, "a session lives on after its end"
            )
        run = self.ended(self.ask_for_a_sync(), within=within)
        self.expect(run.get("state") == "succeeded", f"the sync ended {run.get('state')}")

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a failed expectation."""
        if not holds:
            self.found.append(otherwise)

    @contextmanager
    def somebody_reads(self) -> Iterator[Seen]:
        """A person reads their accounts twenty times a second, in the background."""
        with self.stack.api(self.token) as api, reading(api) as self.seen:
            yield self.seen

    # --- how it ends ----------------------------------------------------------------------------------
    def seconds_until_well(self) -> float | None:
        """Until reading works, all is ready, and a new sync succeeds. None if that does not come to pass."""
        started = time.monotonic()
        while time.monotonic() - started < WELL_WITHIN_SECONDS:
            if self._is_well():
                return time.monotonic() - started
            threading.Event().wait(0.1)
        return None

    def _is_well(self) -> bool:
        try:
            with self.stack.api(self.token) as api:
                if api.get(f"{self.stack.origin}/healthz/installation").status_code != 200:
                    return False
                if api.get("accounts").status_code != 200:
                    return False
                return self._ends(api, self.ask_for_a_sync()) == "succeeded"
        except (httpx.TransportError, OperationalError):
            return False

    def _ends(self, api: httpx.Client, run_id: str) -> str:
        deadline = time.monotonic() + WELL_WITHIN_SECONDS
        while time.monotonic() < deadline:
            runs = api.get(f"connections/{self.connection}/syncs?limit=500").json().get("results", [])
            run = next((run for run in runs if run["id"] == run_id), None)
            if run is not None and run["state"] not in {"queued", "running"}:
                return str(run["state"])
            threading.Event().wait(0.1)
        return "waiting"

    def losses(self) -> list[str]:
        """Differences to the bank's own rows and balances, and a token that no longer works, in words."""
        with self.stack.api(self.token) as api:
            lost = list(differences(api, self.stack.bank))
            state = api.get(f"connections/{self.connection}").json()["state"]
            if state != "active":
                lost.append(f"the connection is {state}")
        self.expire_access()
        if not self._is_well():
            lost.append("the refresh token no longer works")
        return lost
