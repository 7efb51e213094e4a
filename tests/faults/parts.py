"""The parts of a whole Dashtam, with faults between them: servers behind proxies, its processes, and its bank."""

import os
import signal
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
from django.db import connection

from providers.simulator.process import SandboxBank
from tests.faults.proxy import FaultProxy
from tests.stack import Stack, free_port

SETTINGS = {
    "PROVIDER_DEADLINE_SECONDS": "4",
    "PROVIDER_REST_SECONDS": "1",
    "SYNC_INTERVAL_MINUTES": "100000",  # syncs happen when we ask for them
}


class Parts:
    """Every part that can break, and what brings it back."""

    def __init__(self, home: Path) -> None:
        self.home = home
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

    def fault(self, target: str, mode: str, times: int = 1, **more: Any) -> None:
        """Order a fault at the bank."""
        self.stack.bank.control("faults", {"target": target, "mode": mode, "times": times, **more})

    def expire_access(self) -> None:
        """Have the next sync refresh its token."""
        self.stack.bank.control("expire-access-tokens", {})

    def past_all_that_is_broken(self) -> None:
        """Let our own models speak to the installation's database on a new connection, without the proxy."""
        connection.close()
        connection.settings_dict["NAME"] = self.stack.database

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

    def kill(self, name: str) -> None:
        """End one of our processes as a machine does that runs out of memory."""
        self.stack.end(name, signal.SIGKILL)

    def restart_worker(self, **environment: str) -> None:
        """Another worker in place of the one that runs, or ran."""
        if "worker" in self.stack.processes.running:
            self.stack.end("worker")
        self.stack.start_worker(environment=environment)

    def restart_web(self, **environment: str) -> None:
        """Another web process in place of the one that runs, or ran; `environment` is its alone."""
        if "web" in self.stack.processes.running:
            self.stack.end("web")
        processes = self.stack.processes
        processes.environment = {**self.stack.environment, **environment}
        self.stack.start_web("web", self.stack.port)
        processes.environment = self.stack.environment
        processes.wait_for("web", f"{self.stack.origin}/healthz")

    def put_right(self) -> None:
        """All as it was, after a fault that did not come to its own end."""
        self.postgres.switch("pass")
        self.valkey.switch("pass")
        self.stack.bank.control("calm", {})
        self.restart_web()
        self.restart_worker()
