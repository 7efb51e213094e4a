"""The processes of one installation: web, worker and Sandbox Bank, started and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from dashtam.installation import unprivileged
from dashtam.installation.embedded import MOST_LOG_BYTES
from dashtam.telemetry.folders import make_private

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60
STOP_SECONDS = 10


class StartFailed(Exception):
    """A process did not come up; the message says which and where to look."""


class Processes:
    """Starts children, waits until they answer, and never leaves one behind."""

    def __init__(self, *, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self.environment = environment
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, show_output: bool = False) -> None:
        """Start `python …command` with its log in `<logs>/<name>.log`; its stdout may go to ours."""
        make_private(self.logs)
        file = self.logs / f"{name}.log"
        if file.exists() and file.stat().st_size > MOST_LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))
        with file.open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 our own modules
                [sys.executable, *command],
                cwd=ROOT,
                env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=None if show_output else log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop the others in order
                preexec_fn=unprivileged.die_with_parent(),  # noqa: PLW1509 we have one thread
            )

    def wait_for(self, name: str, url: str) -> None:
        """Wait until `url` answers 200. Raises StartFailed."""
        deadline = time.monotonic() + START_SECONDS
        # One client: making one reads all certificates, and would take what starts a core away.
        with httpx.Client(timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline:
                self.check()
                try:
                    if client.get(url).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                threading.Event().wait(0.05)
        raise StartFailed(
            f"{name} did not answer within {START_SECONDS} seconds. Its log is {self._log(name)}."
        )

    def check(self) -> None:
        """Raise StartFailed if a process has died."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise StartFailed(f"{name} has stopped. Its log says why: {self._log(name)}.")

    def ids(self) -> dict[str, int]:
        """The process ids by name."""
        return {name: process.pid for name, process in self.running.items()}

    def stop(self) -> None:
        """Ask all to finish, newest first; insist after ten seconds."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def port_is_free(port: int) -> bool:
    """Return True if this port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
