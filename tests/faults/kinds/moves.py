"""Faults of moving on: clocks ahead, behind and put back, a migration under the old code."""

import calendar
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from dashtam.installation.demo.browser import Browser
from dashtam.installation.demo.processes import ROOT
from tests.faults.rows import fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD, WORKER, Stack, free_port

AHEAD_SECONDS = 600
SUMMER_IN = timedelta(seconds=20)  # the process has started by then
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


@fault("clock-ahead", "another web process whose clock is 2, then 60 seconds ahead")
def clock_ahead(world: World) -> Iterator[None]:
    _with_another_clock(world, 2)
    _with_another_clock(world, 60)
    yield


@fault("clock-behind", "another web process whose clock is 2, then 60 seconds behind")
def clock_behind(world: World) -> Iterator[None]:
    _with_another_clock(world, -2)
    _with_another_clock(world, -60)
    yield


@fault(
    "clock-summer", "another web process, whose machine goes over to summer time: for nobody an hour is gone"
)
def clock_summer(world: World) -> Iterator[None]:
    begins = datetime.now(UTC) + SUMMER_IN
    day = begins.timetuple().tm_yday - (calendar.isleap(begins.year) and begins.month > 2)  # RFC 8536 §3.3.1
    world.stack.processes.environment["TZ"] = f"STD0SUM-1,J{day}/{begins:%H:%M:%S},J1/1"
    try:
        with _another_clock(world, 0) as there, world.stack.api() as api:
            here = str(api.base_url)
            pairs = [_tokens(world, api, here), _tokens(world, api, there)]
            hold(max(0.0, (begins - datetime.now(UTC)).total_seconds()) + 1)
            for pair, where in itertools.product(pairs, (here, there)):
                status = _reads(api, where, pair)
                world.expect(status == 200, f"a token is answered {status} in summer")
            for pair in pairs:
                renewed = api.post(
                    f"{there}auth/tokens/refresh", json={"refresh_token": pair["refresh_token"]}
                )
                world.expect(renewed.status_code == 200, f"no refresh in summer: {renewed.status_code}")
    finally:
        del world.stack.processes.environment["TZ"]
    yield


@fault(
    "clock-hour",
    "another web process an hour ahead, then put right: no token lives longer for it, nothing breaks",
)
def clock_hour(world: World) -> Iterator[None]:
    with _another_clock(world, 3600) as there, world.stack.api() as api:
        here = str(api.base_url)
        ours, theirs = _tokens(world, api, here), _tokens(world, api, there)
        for pair, where, expected in (
            (ours, there, 401),  # it has ended there
            (theirs, here, 401),  # it begins in the future
            (theirs, there, 200),
        ):
            status = _reads(api, where, pair)
            world.expect(status == expected, f"a token of another hour is answered {status}, not {expected}")
        world.stack.processes.running["other"].send_signal(signal.SIGUSR1)
        hold(0.5)
        status = _reads(api, there, theirs)
        world.expect(status == 401, f"a clock set back gave a token an hour more ({status})")
        for pair in (ours, theirs):
            body = {"refresh_token": pair["refresh_token"]}
            renewed = api.post(f"{here}auth/tokens/refresh", json=body)
            world.expect(renewed.status_code == 200, f"no refresh after it: {renewed.status_code}")
            world.expect(_reads(api, there, renewed.json()) == 200, "the new token does not count")
    yield


def _with_another_clock(world: World, seconds: int) -> None:
    with _another_clock(world, seconds) as there, world.stack.api() as api:
        here = str(api.base_url)
        for made, used in ((here, there), (there, here)):
            pair = _tokens(world, api, made)
            status = _reads(api, used, pair)
            world.expect(status == 200, f"a token is refused ({status})")
            body = {"refresh_token": pair["refresh_token"]}
            renewed = api.post(f"{used}auth/tokens/refresh", json=body)
            world.expect(renewed.status_code == 200, "no refresh")


@contextlib.contextmanager
def _another_clock(world: World, seconds: int) -> Iterator[str]:
    """One more web process whose clock is so many seconds ahead; the address of its API."""
    port = free_port()
    options = ("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--no-proxy-headers")
    world.stack.processes.start("other", "-m", "tests.faults.off_clock", str(seconds), "web", *options)
    there = f"http://localhost:{port}/api/v1/"
    world.stack.processes.wait_for("other", f"{there}openapi.json")
    yield there
    world.stack.end("other", within=20)


def _tokens(world: World, api: httpx.Client, address: str) -> dict[str, str]:
    pair = api.post(f"{address}auth/tokens", json={"email": world.email, "password": PASSWORD})
    return dict(pair.json())


def _reads(api: httpx.Client, address: str, pair: dict[str, str]) -> int:
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    return api.get(f"{address}accounts", headers=bearer).status_code


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
