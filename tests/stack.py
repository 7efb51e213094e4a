"""A whole Dashtam on free ports and a database of its own: web, worker and Sandbox Bank as processes."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from dashtam.installation.demo.browser import Browser
from dashtam.installation.demo.processes import ROOT, Processes
from providers.simulator.process import SandboxBank
from tests import databases

PASSWORD = "correct horse battery staple"
WAIT_SECONDS = 60
WORKER = ("manage.py", "procrastinate", "worker")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """A running installation as a client meets it: a URL, an outbox, a bank."""

    def __init__(self, *, ready: str = "/healthz/installation", **environment: str) -> None:
        self.ready = ready
        self.home = Path(tempfile.mkdtemp(prefix="dashtam-stack-"))
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.outbox = self.home / "outbox"
        self.bank = SandboxBank.start(redirect_uri=f"{self.origin}/providers/sandbox/callback")
        self.database = f"stack_{secrets.token_hex(6)}"
        self.admin_url = os.environ["DATABASE_URL"]
        self.database_url = databases.in_database(os.environ["STACK_DATABASE_URL"], self.database)
        databases.make(self.database, rates=True)
        redis = re.sub(r"db=\d+", f"db={secrets.randbelow(15) + 1}", os.environ["REDIS_URL"])
        self.environment = {
            "DATABASE_URL": self.database_url,
            "MIGRATION_DATABASE_URL": databases.in_database(os.environ["DATABASE_URL"], self.database),
            "REDIS_URL": redis,
            "DASHTAM_HOME": str(self.home),
            "PORT": str(self.port),
            "PUBLIC_URL": self.origin,
            "SIGN_UP": "open",
            "SANDBOX_URL": self.bank.url,
            "SANDBOX_CLIENT_ID": self.bank.client_id,
            "SANDBOX_CLIENT_SECRET": self.bank.client_secret,
            "SIMPLEFIN_URL": f"{self.bank.url}/simplefin",
            "IBKR_URL": f"{self.bank.url}/ibkr",
            "SNAPTRADE_URL": f"{self.bank.url}/snaptrade",
            **environment,
        }
        self.processes = Processes(logs=self.home / "logs", environment=self.environment)

    def __enter__(self) -> Self:
        self.start_web("web", self.port)
        self.start_worker()
        self.processes.wait_for("web", f"{self.origin}{self.ready}")
        return self

    def start_worker(
        self,
        name: str = "worker",
        *,
        command: tuple[str, ...] = WORKER,
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """One more worker; `environment` is its alone."""
        self.processes.environment = {**self.environment, **(environment or {})}
        self.processes.start(name, *command)
        self.processes.environment = self.environment
        return self.processes.running[name]

    def end(self, name: str, how: signal.Signals = signal.SIGTERM, *, within: float = 40) -> float:
        """Send a process a signal; the seconds until it has ended. It is killed, and TimeoutExpired raised, if late."""
        process, started = self.processes.running.pop(name), time.monotonic()
        process.send_signal(how)
        try:
            process.wait(within)
        finally:
            process.kill()
            process.wait()
        return time.monotonic() - started

    def start_web(self, name: str, port: int) -> None:
        """One more web process of the same installation."""
        self.processes.start(name, "manage.py", "serve", "--port", str(port))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.processes.stop()
        self.bank.stop()
        databases.drop(self.database)

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a management command on this stack."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment, **environment},
            check=True,
            capture_output=True,
            text=True,
        )

    def api(self, token: str = "", *, elsewhere: bool = False) -> httpx.Client:
        """A REST client, as anybody may write one. `elsewhere`: in another network of this machine."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        ip = f"127.0.{secrets.randbelow(250) + 1}.1" if elsewhere and sys.platform == "linux" else None
        return httpx.Client(
            base_url=f"{self.origin}/api/v1/",
            headers=headers,
            timeout=30,
            transport=httpx.HTTPTransport(local_address=ip, trust_env=False),
        )

    def mail_token(self, to: str, path: str) -> str:
        """The token of the newest link to `path` mailed to that address."""
        return str(self.wait_for(lambda: self._mail_token(to, path), f"a mail to {to} with a link to {path}"))

    def _mail_token(self, to: str, path: str) -> str | None:
        for file in sorted(self.outbox.glob("*.eml"), key=lambda f: f.stat().st_mtime, reverse=True):
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            found = re.search(rf"{path}\?token=([\w-]+)", body.get_content() if body else "")
            if to in str(message["To"]) and found:
                return found[1]
        return None

    def wait_for(self, probe: Any, what: str) -> Any:
        """Poll until `probe()` is truthy; fails after a minute, naming what never came."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            self.processes.check()
            if found := probe():
                return found
            threading.Event().wait(0.05)
        raise AssertionError(f"waited {WAIT_SECONDS} seconds for {what}")

    def sign_up(self, name: str = "Ana") -> tuple[str, str]:
        """A confirmed person; returns address and access token."""
        email = f"{name.lower()}-{secrets.token_hex(4)}@example.org"
        with self.api(elsewhere=True) as api:  # twenty people an hour may sign up in one network
            body = {"email": email, "password": PASSWORD, "name": name}
            signed_up = api.post("auth/users", json=body)
            assert signed_up.status_code == 202, signed_up.text
            token = self.mail_token(email, "/verify-email")
            assert api.post("auth/email-verifications", json={"token": token}).status_code == 204
            return email, self.sign_in(email)

    def sign_in(self, email: str, password: str = PASSWORD) -> str:
        with self.api() as api:
            response = api.post("auth/tokens", json={"email": email, "password": password})
            assert response.status_code == 200, response.text
            return str(response.json()["access_token"])

    def connect(
        self, email: str, token: str, *, customer: str = "ana", decision: str = "approve"
    ) -> httpx.Response:
        """Start by API, consent in a browser; returns the page where it ends."""
        with self.api(token) as api, Browser(self.origin) as browser:
            started = api.post("connections", json={"provider": "sandbox"})
            assert started.status_code == 201, started.text
            browser.submit(browser.open("/sign-in"), "password", email=email, password=PASSWORD)
            ours = browser.open(started.json()["authorization_url"])
            consent = browser.submit(ours, "/connections/start/")
            if customer != "ana":
                consent = browser.open(f"{consent.url}&customer={customer}")
            return browser.submit(consent, "decision", button=decision)

    def synced(self, token: str) -> dict[str, Any]:
        """The first connection, once its newest sync has ended."""
        with self.api(token) as api:
            connection = api.get("connections").json()["results"][0]

            def ended() -> dict[str, Any] | None:
                runs = api.get(f"connections/{connection['id']}/syncs").json()["results"]
                return runs[0] if runs and runs[0]["state"] not in {"queued", "running"} else None

            self.wait_for(ended, "the sync to end")
            return dict(api.get(f"connections/{connection['id']}").json())
