"""A whole Dashtam with faults between its parts, a person who reads all the time, and the bank's own books."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
import psutil
from django.db import OperationalError, connection

from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.faults.proxy import FaultProxy
from tests.stack import Stack, free_port

READ_EVERY_SECONDS = 0.05
WELL_WITHIN_SECONDS = 120.0  # a job whose worker died is given to another within 90
SETTINGS = {
    "PROVIDER_DEADLINE_SECONDS": "4",
    "PROVIDER_REST_SECONDS": "1",
    "SYNC_INTERVAL_MINUTES": "100000",  # syncs happen when we ask for them
}


@dataclass
class Seen:
    """Answers to a person who read their accounts over and over."""

    answers: Counter[int] = field(default_factory=Counter)
    worst: float = 0.0
    unexplained: list[str] = field(default_factory=list)

    def note(self, response: httpx.Response, seconds: float) -> None:
        """One answer."""
        self.answers[response.status_code] += 1
        self.worst = max(self.worst, seconds)
        if response.status_code == 503 and "Retry-After" not in response.headers:
            self.unexplained.append("503 without Retry-After")
        if response.status_code not in {200, 503}:
            self.unexplained.append(f"{response.status_code} {response.text[:200]}")


class World:
    """Every part that can break, and the person who must lose no data by it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.found: list[str] = []
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

    def token_calls(self) -> int:
        """The number of calls to the bank's token endpoint."""
        return int(self.stack.bank.control("log")["counts"].get("token", 0))

    def state(self) -> tuple[str, str]:
        """The connection's state and its reason."""
        with self.stack.api(self.token) as api:
            found = api.get(f"connections/{self.connection}").json()
            return found["state"], found["state_reason"] or ""

    def kill(self, name: str) -> None:
        """End one of our processes as a machine does that runs out of memory."""
        process = self.stack.processes.running.pop(name)
        process.kill()
        process.wait()

    def restart_worker(self, **environment: str) -> None:
        """Another worker in place of the one that runs, or ran."""
        if "worker" in self.stack.processes.running:
            process = self.stack.processes.running.pop("worker")
            process.terminate()
            process.wait(40)
        before = dict(self.stack.environment)
        self.stack.environment.update(environment)
        self.stack.processes.start("worker", "manage.py", "procrastinate", "worker")
        self.stack.environment.clear()
        self.stack.environment.update(before)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a failed expectation."""
        if not holds:
            self.found.append(otherwise)

    # --- a reader -------------------------------------------------------------------------------------
    @contextmanager
    def somebody_reads(self) -> Iterator[Seen]:
        """A person reads their accounts twenty times a second, in the background."""
        seen, stop = Seen(), threading.Event()
        reader = threading.Thread(target=self._read, args=(seen, stop))
        reader.start()
        try:
            yield seen
        finally:
            stop.set()
            reader.join()

    def _read(self, seen: Seen, stop: threading.Event) -> None:
        with self.stack.api(self.token) as api:
            while not stop.wait(READ_EVERY_SECONDS):
                started = time.monotonic()
                try:
                    seen.note(api.get("accounts"), time.monotonic() - started)
                except httpx.TransportError as error:
                    seen.answers[0] += 1
                    seen.worst = max(seen.worst, time.monotonic() - started)
                    if not isinstance(
                        error, (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError)
                    ):
                        seen.unexplained.append(type(error).__name__)

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
                if api.get(f"{self.stack.origin}/readyz").status_code != 200:
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
            lost = list(self._against_the_bank(api))
            state = api.get(f"connections/{self.connection}").json()["state"]
            if state != "active":
                lost.append(f"the connection is {state}")
        self.stack.bank.control("expire-access-tokens", {})
        if not self._is_well():
            lost.append("the refresh token no longer works")
        return lost

    def _against_the_bank(self, api: httpx.Client) -> Iterator[str]:
        truth = {each["kind"]: each for each in self.stack.bank.control("truth?customer=ana")["accounts"]}
        accounts = api.get("accounts").json()["results"]
        ours = sorted(abs(Decimal(account["balances"]["current"])) for account in accounts)
        if ours != sorted(abs(Decimal(account["current"])) for account in truth.values()):
            yield "balances differ from the bank's"
        rows = [row for account in accounts for row in _every(api, f"accounts/{account['id']}/transactions")]
        if len({row["id"] for row in rows}) != len(rows):
            yield "rows are there twice"
        for status in ("posted", "pending"):
            amounts = [Decimal(row["amount"]) for row in rows if row["status"] == status]
            count = sum(account[status]["count"] for account in truth.values())
            total = sum(Decimal(account[status]["sum"]) for account in truth.values())
            if (len(amounts), sum(amounts)) != (count, total):
                yield f"{len(amounts)} {status} rows of {count}, {sum(amounts)} of {total}"


def _every(api: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path, params={"limit": 500, **({"cursor": cursor} if cursor else {})}).json()
        yield from page["results"]
        cursor = page["next_cursor"]
