"""`make deploy-check`: each way is started, used, backed up, destroyed, and restored elsewhere with the same numbers.

`make deploy-check ARGS="plain units"` takes some ways only; `image` needs `buildah`, and
an image from `make image ENGINE=buildah`. PATIENCE=10 waits longer, on a machine that is slow or busy.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from dashtam.installation import embedded, local
from tests.deploy import waiting
from tests.deploy.image import Image
from tests.deploy.mailbox import Mailbox
from tests.deploy.person import Person
from tests.deploy.places import OWN_ID, Place
from tests.deploy.ways import OWNER, Plain, Units, scratch, wait_until
from tests.stack import free_port

WAYS = {each.name: each for each in (Plain, Units, Image)}


def main(wanted: list[str]) -> int:
    """Check the chosen ways; exit status 1 if one does not hold."""
    if unknown := set(wanted) - WAYS.keys():
        print(f"{', '.join(unknown)}? The ways are: {', '.join(WAYS)}.", file=sys.stderr)
        return 2
    own = Path(tempfile.mkdtemp(prefix="dashtam-deploy-servers-"))
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["DASHTAM_HOME"] = str(own)
    local.start_servers()
    os.environ["DATABASE_URL"] = os.environ.pop("MIGRATION_DATABASE_URL")
    bad = []
    try:
        for name in wanted or WAYS:
            try:
                Journey(WAYS[name]()).run()
            except (
                AssertionError,
                OSError,
                RuntimeError,
                httpx.HTTPError,
                subprocess.SubprocessError,
            ) as error:
                print(f"  {type(error).__name__}: {error}", flush=True)
                bad.append(name)
    finally:
        embedded.release(own)
        shutil.rmtree(own, ignore_errors=True)
    print("All hold." if not bad else f"These do not hold: {', '.join(bad)}.")
    return 1 if bad else 0


@contextlib.contextmanager
def told(place: Place) -> Iterator[None]:
    """Show what the processes logged last, before it is gone with the machine."""
    try:
        yield
    except Exception:
        for log in sorted(place.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            grave = [line for line in lines if '"error"' in line or "Error" in line]
            print(f"  {log.name}:", *dict.fromkeys([*grave[-5:], *lines[-5:]]), sep="\n    ", flush=True)
        raise


class Journey:
    """One way, from an empty machine to another one that shows the same."""

    def __init__(self, way: Plain) -> None:
        self.way, self.kept = way, scratch()
        self.kept.chmod(0o755)
        self.mailbox = Mailbox(self.kept)
        self.port, self.bank_port = free_port(), free_port()
        self.origin = f"http://localhost:{self.port}"
        self.person = Person(self.origin)
        self.more = {
            **self.mailbox.settings,
            "SANDBOX_URL": f"http://127.0.0.1:{self.bank_port}",
            "SANDBOX_CLIENT_SECRET": "a-secret-of-the-sandbox-bank-and-its-client",
            "PORT": str(self.port),
            "ECB_URL": "",
            "SIGN_UP": "open",  # an ordinary person, who needs no second factor
            **waiting.settings(),
        }
        self.started = time.monotonic()

    def run(self) -> None:
        """All of it. Raises AssertionError."""
        print(f"{self.way.name}: {self.way.words}", flush=True)
        try:
            with Place(self.origin, more=self.more) as first, told(first):
                before = self._live(first)
                self.step("machine destroyed", first.destroy)
            with Place(self.origin, "--without-keys", more=self.more) as second, told(second):
                self._live_again(second, before)
        finally:
            self.way.close()
            self.mailbox.close()
            shutil.rmtree(self.kept, ignore_errors=True)

    def step(self, words: str, work: Callable[[], Any]) -> Any:
        """One step, told when it is done."""
        found = work()
        print(f"  {time.monotonic() - self.started:6.1f} s  {words}", flush=True)
        return found

    def _live(self, place: Place) -> dict[str, Any]:
        self._trust(place)
        self._make_kit(place)
        self.step("migrated", lambda: self.way.migrate(place))
        self._start_bank(place)
        self.step("web and worker serve", lambda: self._serve(place))
        self.step("signed up by a mail over SMTP", lambda: self.person.sign_up(self.mailbox))
        self.person.sign_in()
        self.step("Sandbox Bank connected", self.person.connect)
        self.step("synced", self.person.synced)
        numbers: dict[str, Any] = self.person.numbers()
        (place.root / "backups").mkdir(exist_ok=True)
        self.step("backed up while it runs", lambda: self.way.back_up(place))
        self.step("stopped", lambda: self.way.stop("web", "worker"))
        (backup,) = (place.root / "backups").iterdir()
        shutil.copy(backup, self.kept)
        return numbers

    def _live_again(self, place: Place, before: dict[str, Any]) -> None:
        self._trust(place)
        folder = place.root / "backups"
        folder.mkdir(exist_ok=True)
        (backup,) = self.kept.glob("*.age")
        for file, there in ((backup, folder), (self.kept / "recovery-key.txt", place.etc)):
            shutil.copy(file, there)
            shutil.chown(there / file.name, OWN_ID, OWN_ID)
        names = (self.way.folder(place, "backups"), self.way.folder(place, "etc"))
        command = ("restore", f"{names[0]}/{backup.name}", "--key", f"{names[1]}/recovery-key.txt")
        self.step("restored elsewhere", lambda: self.way.run(place, *command, files=OWNER))
        self.step("web and worker serve", lambda: self._serve(place))
        self.person.sign_in()
        after = self.person.numbers()
        assert after == before, f"before it was {before}, now it is {after}"
        self.step(f"the same numbers: {len(before) - 2} accounts, {before['net worth']}", lambda: None)
        self.way.run(place, "resume_outgoing")
        self.step("synced again", lambda: self.person.synced(ask=True))
        self.step("stopped", lambda: self.way.stop("web", "worker"))

    def _trust(self, place: Place) -> None:
        """The mail server's certificate is one of its own."""
        shutil.copy(self.mailbox.certificate, place.etc / "mail.pem")
        with (place.etc / "dashtam.env").open("a") as settings:
            settings.write(f"SMTP_CA_FILE={self.way.folder(place, 'etc')}/mail.pem\n")

    def _make_kit(self, place: Place) -> None:
        said = self.way.run(place, "recovery_kit", "--to", f"{self.way.folder(place, 'etc')}/kit")
        recipients = re.search(r"^BACKUP_RECIPIENTS=\S+$", said, re.MULTILINE)
        assert recipients, said
        with (place.etc / "dashtam.env").open("a") as settings:
            settings.write(f"{recipients[0]}\n")
        shutil.move(place.etc / "kit" / "recovery-key.txt", self.kept)

    def _start_bank(self, place: Place) -> None:
        options = (
            "--port",
            str(self.bank_port),
            "--redirect-uri",
            f"{self.origin}/providers/sandbox/callback",
        )
        self.way.start(place, "bank", "simulator", *options)
        wait_until(f"http://127.0.0.1:{self.bank_port}/")

    def _serve(self, place: Place) -> None:
        self.way.serve(place, self.port)
        wait_until(f"{self.origin}/healthz/installation")
        self.way.expect_healthy(place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
