"""A whole Dashtam with faults between its parts, a person who reads all the time, and the bank's own books."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
import psutil
import psycopg
from django.db import OperationalError, connection

from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.faults.books import differences
from tests.faults.proxy import FaultProxy
from tests.faults.reader import Seen, reading
from tests.stack import PASSWORD, Stack, free_port

WELL_WITHIN_SECONDS = 120.0  # a job whose worker died is given to another within 90
FRESH_SECONDS = 240.0
SETTINGS = {
    "PROVIDER_DEADLINE_SECONDS": "4",
    "PROVIDER_REST_SECONDS": "1",
    "SYNC_INTERVAL_MINUTES": "100000",  # syncs happen when we ask for them
}


class World:
    """Every part that can break, and the person who must lose no data by it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.found: list[str] = []
        self.seen = Seen()
        base, redis = urlsplit(os.environ["DATABASE_URL"]), os.environ["REDIS_URL"]
        folder = unquote(base.netloc.rpartition("@")[2])
        self.postgres = FaultProxy(port=free_port(), target=f"{folder}/.s.PGSQL.5432")
        self.valkey = FaultProxy(port=free_port(), target=urlsplit(redis).path)
        self.mail_port = free_port()
        self.stack = Stack(**SETTINGS, REDIS_URL=f"redis://127.0.0.1:{self.valkey.port}/0")
        role = urlsplit(os.environ["STACK_DATABASE_URL"]).netloc.rpartition("@")[0]
        through = f"postgresql://{role}@127.0.0.1:{self.postgres.port}/{self.stack.database}"
        self.stack.environment["DATABASE_URL"] = through
        self._bank_with_a_memory()

    def _bank_with_a_memory(self) -> None:
        """One that can end and come back at the same address."""
        bank = self.stack.bank
        bank.stop()
        self.bank_options: dict[str, Any] = {
            "redirect_uri": f"{self.stack.origin}/providers/sandbox/callback",
            "port": urlsplit(bank.url).port,
            "client_secret": bank.client_secret,
            "state": self.stack.home / "bank.json",
        }
        self.stack.bank = SandboxBank.start(**self.bank_options)

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

    # --- what can break -------------------------------------------------------------------------------
    def servers(self, name: str) -> list[psutil.Process]:
        """The processes of this run's own PostgreSQL or Valkey, parents first."""
        mine = [process for process in psutil.process_iter() if self._is_mine(process, name)]
        return [each for process in mine for each in (process, *process.children(recursive=True))]

    def _is_mine(self, process: psutil.Process, name: str) -> bool:
        try:
            command = process.cmdline()
        except psutil.Error:
            return False
        # The keeper that runs both has the folder in its arguments too.
        return (
            bool(command)
            and name in Path(command[0]).name
            and any(str(self.home) in word for word in command)
        )

    def bank_returns(self) -> None:
        """Start the bank again."""
        self.stack.bank = SandboxBank.start(**self.bank_options)

    def fault(self, target: str, mode: str, times: int = 1) -> None:
        """Order a fault at the bank."""
        self.stack.bank.control("faults", {"target": target, "mode": mode, "times": times})

    def ask_for_a_sync(self) -> str:
        """As the button on the page does, but past its limit and on a way of our own; returns the run's id."""
        connection.close()
        connection.settings_dict["NAME"] = self.stack.database
        return str(SyncRun.objects.request(connection_id=UUID(self.connection), trigger="manual").id)

    def calls(self, endpoint: str) -> int:
        """The number of calls to an endpoint of the bank."""
        return int(self.stack.bank.control("log")["counts"].get(endpoint, 0))

    def letters(self, address: str) -> int:
        """The number of mails that arrived for an address."""
        files = self.stack.outbox.glob("*.eml")
        return sum(f"To: {address}" in file.read_text(errors="replace") for file in files)

    def token_calls(self) -> int:
        """The number of calls to the bank's token endpoint."""
        return self.calls("token")

    def count(self, query: LiteralString) -> int:
        """The number that a query of the installation's database answers, past all that is broken."""
        with psycopg.connect(self.stack.environment["MIGRATION_DATABASE_URL"]) as database:
            return int((database.execute(query).fetchone() or (0,))[0])

    def state(self) -> tuple[str, str]:
        """The connection's state and its reason."""
        with self.stack.api(self.token) as api:
            found = api.get(f"connections/{self.connection}").json()
            return found["state"], found["state_reason"] or ""

    def kill(self, name: str) -> None:
        """End one of our processes as a machine does that runs out of memory."""
        self.stack.end(name, signal.SIGKILL)

    def restart_worker(self, **environment: str) -> None:
        """Another worker in place of the one that runs, or ran."""
        if "worker" in self.stack.processes.running:
            self.stack.end("worker")
        self.stack.start_worker(environment=environment)

    def newest_run(self, id: str) -> dict[str, Any]:
        """A sync run as the API shows it; empty before it does."""
        with self.stack.api(self.token) as api:
            runs = api.get(f"connections/{self.connection}/syncs").json().get("results", [])
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

    def expect_daily_life(self) -> None:
        """A person signs in, reads, signs out, and is out; a sync succeeds."""
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
        run = self.ended(self.ask_for_a_sync(), within=15)
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
            runs = api.get(f"connections/{self.connection}/syncs").json().get("results", [])
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
        self.stack.bank.control("expire-access-tokens", {})
        if not self._is_well():
            lost.append("the refresh token no longer works")
        return lost
