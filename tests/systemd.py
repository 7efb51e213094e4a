"""Units of systemd, started as they are written where systemd itself does not run.

Their command, their settings and their socket are the unit's own; only the folders are those of the test. What may be
tried without systemd is: a clean environment, no new privileges, no memory that is both writable and executable.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from dashtam.installation.demo.processes import ROOT

FOLDER = ROOT / "docs" / "deploy" / "systemd"
READY_SECONDS = 60 * float(os.environ.get("PATIENCE") or 1)
# Becomes the unit's process, as systemd's own child does: descriptor 3 is the socket, LISTEN_PID this very process.
LAUNCH = """
import ctypes, os, sys
prctl = ctypes.CDLL(None).prctl
listener, confined, command = int(sys.argv[1]), sys.argv[2] == "yes", sys.argv[3:]
if listener >= 0:
    os.dup2(listener, 3)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
if confined and sys.platform == "linux":
    prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, on Linux 6.3 and newer
os.execv(command[0], command)
"""


class Unit:
    """A unit of docs/deploy/systemd, with the folders of a test in place of those of a machine."""

    def __init__(self, name: str, folders: Mapping[str, Path]) -> None:
        text = (FOLDER / name).read_text()
        self.name = name
        text = text.replace("/opt/dashtam/.venv/bin/python", sys.executable).replace(
            "/opt/dashtam", str(ROOT)
        )
        for written, here in folders.items():
            text = text.replace(written, str(here))
        self.settings: dict[str, list[str]] = defaultdict(list)
        for line in text.splitlines():
            key, is_setting, value = line.partition("=")
            if is_setting and key.isalpha():
                self.settings[key].append(value)

    def one(self, key: str) -> str:
        """The value of a setting that is there once."""
        (value,) = self.settings[key]
        return value

    @property
    def command(self) -> list[str]:
        """ExecStart, as words."""
        return shlex.split(self.one("ExecStart"))

    def environment(self) -> dict[str, str]:
        """As systemd gives it: nothing of ours but the path, then Environment=, then the files."""
        found = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        for line in self.settings["Environment"]:
            found |= dict(word.split("=", 1) for word in shlex.split(line))
        for file in self.settings["EnvironmentFile"]:
            lines = Path(file).read_text().splitlines()
            settings = [line for line in lines if line and not line.startswith("#")]
            found |= dict("".join(shlex.split(line)).split("=", 1) for line in settings)
        return found


class Service:
    """A service that is started, restarted and stopped; its socket stays open over all of it."""

    def __init__(self, unit: Unit, log: Path, *, listener: socket.socket | None = None) -> None:
        self.unit, self.log, self.listener = unit, log, listener
        self.process: subprocess.Popen[bytes] | None = None
        self.notify = log.with_suffix(".notify")
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(self.notify))
        self.words: list[bytes] = []

    def start(self) -> None:
        """Start, and wait for READY=1 as `systemctl start` does for Type=notify."""
        self.words.clear()
        fd = self.listener.fileno() if self.listener else -1
        confined = self.unit.one("NoNewPrivileges")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-c", LAUNCH, str(fd), confined, *self.unit.command],
                cwd=self.unit.one("WorkingDirectory"),
                env=self.unit.environment() | {"NOTIFY_SOCKET": str(self.notify)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(fd,) if self.listener else (),
                start_new_session=True,
            )
        if self.unit.one("Type") == "notify":
            self._wait_until_ready()

    def run(self) -> None:
        """Run a service of Type=oneshot to its end; it has to succeed."""
        self.start()
        assert self.process is not None
        assert self.process.wait() == 0, self.log.read_text()[-2000:]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while b"READY=1" not in self.listen(timeout=0.2):
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, (
                f"{self.unit.name} was not ready in {READY_SECONDS:.0f} seconds"
            )

    def listen(self, *, timeout: float) -> list[bytes]:
        """All words of sd_notify since the start."""
        self.heard.settimeout(timeout)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            while True:
                self.words.append(self.heard.recv(200))
                self.heard.settimeout(0)
        return self.words

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to all that is left after TimeoutStopSec, which counts as a fault."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(float(self.unit.one("TimeoutStopSec")) * max(1.0, READY_SECONDS / 60))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        """As `systemctl restart` does."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop, and give the sockets back."""
        self.stop()
        self.heard.close()
        if self.listener:
            self.listener.close()
