"""The way to run Dashtam in containers: the image, with the commands of compose."""

import json
import os
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dashtam.installation.demo.processes import ROOT
from tests.deploy.places import OWN_ID, Place
from tests.deploy.ways import Plain


class Image(Plain):
    """The image of docs/deploy/Containerfile, by its own entrypoint, as its own user, with two folders of its host.

    Each process has a container of its own, as with compose.
    """

    name = "image"
    words = "container image, as compose starts it"

    def __init__(self) -> None:
        super().__init__()
        self.buildah = shutil.which("buildah") or ""
        if not self.buildah:
            raise RuntimeError("this way needs buildah: apt-get install buildah")
        self.tools = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        self.image = os.environ.get("IMAGE") or f"dashtam:{_version()}"
        self.containers: list[str] = []
        self.named: dict[str, str] = {}
        inspected = self._buildah("inspect", "--type", "image", self.image)
        config: dict[str, Any] = json.loads(inspected)["Docker"]["config"]
        self.entrypoint: list[str] = config["Entrypoint"]
        self.volumes = list(config["Volumes"])
        self.health: list[str] = config["Healthcheck"]["Test"][1:]
        assert config["User"] == f"{OWN_ID}:{OWN_ID}"
        self.began = time.time()

    def _buildah(self, *arguments: str) -> str:
        command = [self.buildah, *arguments]
        return subprocess.run(command, env=self.tools, check=True, capture_output=True, text=True).stdout

    def _container(self) -> str:
        container = self._buildah("from", "--pull=never", self.image).strip()
        # buildah puts the image's own volumes over those that it is given; engines take the given ones.
        for folder in self.volumes:
            self._buildah("config", "--volume", f"{folder}-", container)
        self.containers.append(container)
        return container

    def folder(self, place: Place, name: str) -> str:
        """The place's folders have names of their own inside."""
        return {"backups": "/backups", "etc": "/etc/dashtam"}[name]

    def _command(self, place: Place, arguments: Iterable[str], settings: Mapping[str, str]) -> list[str]:
        for folder in (place.root / "backups", place.root / "etc"):
            folder.mkdir(exist_ok=True)
            shutil.chown(folder, OWN_ID, OWN_ID)
        volumes = {
            place.home: "/var/lib/dashtam",
            place.root / "backups": "/backups",
            place.etc: "/etc/dashtam",
        }
        shared = [word for here, there in volumes.items() for word in ("--volume", f"{here}:{there}")]
        given = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        command = [*self.entrypoint, *arguments]
        run = [self.buildah, "run", "--isolation", "chroot"]
        return [*run, *shared, *given, self._container(), "--", *command]

    def _environment(self, place: Place, settings: Mapping[str, str]) -> dict[str, str]:
        return {**self.tools, **settings}

    def serve(self, place: Place, port: int) -> None:
        """The commands of compose's services."""
        self.start(place, "web", "serve", "--host", "127.0.0.1", "--port", str(port), "--drain", "1")
        self.start(place, "worker", "procrastinate", "worker")

    def start(self, place: Place, name: str, *arguments: str) -> None:
        """A process that goes on, in a container of its own."""
        super().start(place, name, *arguments)
        self.named[name] = self.containers[-1]

    def expect_healthy(self, place: Place) -> None:
        """The health check of the image, and the one that compose has for the web process."""
        super().expect_healthy(place)
        run = [self.buildah, "run", "--isolation", "chroot"]
        port = ["--env", f"PORT={place.settings('dashtam.env')['PORT']}"]
        for name, more in (("worker", ()), ("web", ("/readyz",))):
            command = [*run, *port, self.named[name], "--", *self.health, *more]
            done = subprocess.run(command, env=self.tools, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"the health check says {done.stdout}{done.stderr}"

    def close(self) -> None:
        """Nothing may have been written outside of the volumes; then leave nothing behind."""
        super().close()
        written = ""
        for container in self.containers:
            app = Path(self._buildah("mount", container).strip()) / "app"
            listed = ["find", str(app), "-newermt", f"@{self.began}", "-type", "f"]
            written += subprocess.run(listed, check=True, capture_output=True, text=True).stdout
            self._buildah("rm", container)
        assert written == "", f"the image was written to: {written[:500]}"


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
