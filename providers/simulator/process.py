"""Starts and stops a Sandbox Bank in a process of its own, for the demo and the tests."""

import os
import secrets
import subprocess
import sys
from datetime import date
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
_ANNOUNCEMENT = "Sandbox Bank on "
_READS = ("log", "truth")


class SandboxBankError(Exception):
    """The bank did not start, or refused a command."""


class SandboxBank:
    """A bank in a subprocess; `with SandboxBank.start(...) as bank:` ends it again."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, environment: dict[str, str]) -> None:
        self.process = process
        self.url = url
        self.client_id = environment["SANDBOX_CLIENT_ID"]
        self.client_secret = environment["SANDBOX_CLIENT_SECRET"]
        self._http = httpx.Client(
            timeout=30, headers={"X-Control-Token": environment["SANDBOX_CONTROL_TOKEN"]}
        )

    @classmethod
    def start(
        cls,
        *,
        redirect_uri: str,
        access_ttl: int = 300,
        state: Path | None = None,
        port: int = 0,
        today: date | None = None,
        client_id: str = "dashtam-sandbox",
        client_secret: str | None = None,
        strict: Path | None = None,
        start_timeout: float = 60,
    ) -> Self:
        """A bank that listens. Raises SandboxBankError."""
        environment = {
            **os.environ,
            "SANDBOX_CLIENT_ID": client_id,
            "SANDBOX_CLIENT_SECRET": client_secret or secrets.token_urlsafe(24),
            "SANDBOX_CONTROL_TOKEN": secrets.token_urlsafe(24),
        }
        options = [f"--port={port}", f"--redirect-uri={redirect_uri}", f"--access-ttl={access_ttl}"]
        options += [f"--state={state}"] if state else []
        options += [f"--today={today}"] if today else []
        options += [f"--strict={strict}"] if strict else []
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments
            [sys.executable, str(ROOT / "manage.py"), "simulator", "--until-stdin-closes", *options],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C goes to the parent process only, which then stops the bank
        )
        bank = cls(process, "", environment)
        try:
            bank.url = _announced_url(process, start_timeout)
        except BaseException:
            bank.stop()
            raise
        return bank

    def control(self, path: str, json: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the control surface: `control("advance", {"days": 1})` or `control("truth?customer=ben")`."""
        method = "GET" if urlsplit(path).path in _READS else "POST"
        response = self._http.request(method, f"{self.url}/control/{path}", json=json)
        if response.is_error:
            raise SandboxBankError(f"/control/{path} answered {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    def decide(self, authorization_url: str, *, customer: str = "ana", decision: str = "approve") -> str:
        """Approve or deny as the customer, and return the URL that the bank redirects the browser to."""
        query = dict(parse_qsl(urlsplit(authorization_url).query, keep_blank_values=True))
        form = {**query, "customer": customer, "decision": decision}
        response = self._http.post(f"{self.url}/oauth/authorize", data=form)
        if "Location" not in response.headers:
            raise SandboxBankError(f"The bank did not answer by redirect but with {response.status_code}.")
        return response.headers["Location"]

    def stop(self) -> None:
        """End the process, by force after ten seconds. Safe to call twice."""
        self._http.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()


def _announced_url(process: "subprocess.Popen[str]", timeout: float) -> str:
    """The URL on the line that the bank prints once it listens."""
    alarm = Timer(timeout, process.kill)
    alarm.daemon = True
    alarm.start()
    try:
        for line in process.stdout or ():
            if line.startswith(_ANNOUNCEMENT):
                return line.removeprefix(_ANNOUNCEMENT).strip()
    finally:
        alarm.cancel()
    raise SandboxBankError("The Sandbox Bank ended before it listened; its own words are above.")
