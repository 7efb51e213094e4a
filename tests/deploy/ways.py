"""The ways to run Dashtam on a machine itself: plain processes, and units of systemd. Each by its own commands."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from dashtam.installation.demo.processes import ROOT
from tests.deploy.places import Place
from tests.deploy.waiting import PATIENCE, wait_for
from tests.systemd import Service, Unit

START_SECONDS = 90
STOP_SECONDS = 45
OWNER = ("dashtam.env", "owner.env")


class Plain:
    """`manage.py serve` and `manage.py procrastinate worker`, with the settings in the environment."""

    name = "plain"
    words = "plain processes"

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def _command(self, place: Place, arguments: Iterable[str], settings: Mapping[str, str]) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def _environment(self, place: Place, settings: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "DASHTAM_HOME": str(place.home), **settings}

    def folder(self, place: Place, name: str) -> str:
        """How a command has to name a folder of the place."""
        return str(place.root / name)

    def run(self, place: Place, *arguments: str, files: Iterable[str] = ("dashtam.env",)) -> str:
        """A command to its end; it has to succeed. Returns its output."""
        settings = place.settings(*files)
        done = subprocess.run(
            self._command(place, arguments, settings),
            cwd=ROOT,
            env=self._environment(place, settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}: {done.stderr[-1500:]}"
        return done.stdout

    def migrate(self, place: Place) -> None:
        """Make the tables, as the role that owns them."""
        self.run(place, "migrate", "--no-input", files=OWNER)

    def start(self, place: Place, name: str, *arguments: str) -> None:
        """A process that goes on."""
        settings = place.settings("dashtam.env")
        with (place.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self._command(place, arguments, settings),
                cwd=ROOT,
                env=self._environment(place, settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def serve(self, place: Place, port: int) -> None:
        """Start web and worker."""
        self.start(place, "web", "serve", "--port", str(port))
        self.start(place, "worker", "procrastinate", "worker")

    def expect_healthy(self, place: Place) -> None:
        """Ask as the supervisor does; a plain one only looks whether the processes are there."""
        for name in ("web", "worker"):
            assert self.running[name].poll() is None, f"{name} has ended"

    def back_up(self, place: Place) -> None:
        """The backup of the night."""
        self.run(place, "backup", "--to", self.folder(place, "backups"))

    def stop(self, *names: str) -> None:
        """End processes as their supervisor does; a second signal, which none may need, is a fault."""
        for name in names or tuple(self.running):
            process = self.running.pop(name)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS * PATIENCE)
            finally:
                self._end(process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """Leave nothing behind."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self._end(process)
        self.running.clear()


class Units(Plain):
    """The units of docs/deploy/systemd: their commands, settings and sockets as written."""

    name = "units"
    words = "systemd units as written"

    def __init__(self) -> None:
        super().__init__()
        self.services: list[Service] = []

    def _service(self, place: Place, name: str, listener: socket.socket | None = None) -> Service:
        folders = {"/etc/dashtam": place.etc, "/var/lib/dashtam": place.home}
        unit = Unit(name, folders | {"/var/backups/dashtam": place.root / "backups"})
        service = Service(unit, place.logs / f"{name}.log", listener=listener)
        self.services.append(service)
        return service

    def migrate(self, place: Place) -> None:
        """dashtam-migrate.service."""
        self._service(place, "dashtam-migrate.service").run()

    def serve(self, place: Place, port: int) -> None:
        """dashtam-web.socket with its service, and dashtam-worker.service."""
        (address,) = Unit("dashtam-web.socket", {}).settings["ListenStream"]
        listener = socket.create_server((address.partition(":")[0], port), backlog=2048)
        self._service(place, "dashtam-web.service", listener).start()
        self._service(place, "dashtam-worker.service").start()

    def expect_healthy(self, place: Place) -> None:
        """Signs of life for systemd's watchdog."""
        for service in self.services:
            if service.unit.settings["WatchdogSec"]:
                assert b"WATCHDOG=1" in service.listen(timeout=15 * PATIENCE), (
                    f"{service.unit.name} says nothing"
                )

    def back_up(self, place: Place) -> None:
        """dashtam-backup.service."""
        self._service(place, "dashtam-backup.service").run()

    def stop(self, *names: str) -> None:
        """Stop all services; what was started beside them goes on."""
        for service in self.services:
            service.close()
        self.services.clear()

    def close(self) -> None:
        """Leave nothing behind."""
        self.stop()
        super().close()


def wait_until(url: str) -> None:
    """Wait until an address answers 200."""
    with httpx.Client(timeout=10 * PATIENCE, trust_env=False) as client:

        def answers() -> bool:
            try:
                return client.get(url).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, url, seconds=START_SECONDS)


def scratch() -> Path:
    """A folder for what outlives the machines: the mail server's certificate, the backups, the kit."""
    return Path(tempfile.mkdtemp(prefix="dashtam-deploy-kept-"))
