"""Faults of Dashtam's own processes, and of the people who use it."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx

from dashtam.installation.demo.browser import Browser
from tests.faults.rows import GONE, fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD

TAKEN_OVER_SECONDS = 60.0  # until then a dead worker's job may hold one of the institution's few locks
# What the hours do that nobody here wants to wait for: leases run out, and runs that stand still are given up.
LATER = """
from datetime import timedelta
from asgiref.sync import async_to_sync
from django.utils import timezone
from providers.models import ProviderToken, SyncRun
from providers.wiring import sync_service
ProviderToken.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))
SyncRun.objects.filter(state="running").update(progress_at=timezone.now() - timedelta(hours=1))
async_to_sync(sync_service().schedule_due)()
"""


@fault(
    "worker-killed-before", "the worker killed before it refreshes a token", well_within=TAKEN_OVER_SECONDS
)
def worker_killed_before(world: World) -> Iterator[None]:
    world.expire_access()
    world.kill("worker")
    calls, run = world.token_calls(), world.ask_for_a_sync()
    hold(1)
    world.restart_worker()
    ended = world.ended(run, within=30)
    world.expect(ended.get("state") == "succeeded", f"the sync ended {ended.get('state')}")
    world.expect(world.token_calls() - calls == 1, f"{world.token_calls() - calls} refreshes")
    yield


@fault(
    "worker-killed-inside",
    "the worker killed while the institution works on its refresh (leases then run out)",
    well_within=TAKEN_OVER_SECONDS,
)
def worker_killed_inside(world: World) -> Iterator[None]:
    world.expire_access()
    world.fault("token", "hang")
    calls = world.token_calls()
    world.ask_for_a_sync()
    world.stack.wait_for(lambda: world.token_calls() > calls, "the refresh")
    world.kill("worker")
    world.stack.manage("shell", "-c", LATER)
    world.restart_worker()
    ended = world.ended(world.ask_for_a_sync(), within=TAKEN_OVER_SECONDS)
    world.expect(ended.get("state") == "succeeded", f"the sync ended {ended.get('state')}")
    world.expect(world.token_calls() - calls == 2, f"{world.token_calls() - calls} calls for a token")
    yield


@fault(
    "worker-killed-after",
    "the worker killed right after a refresh, in the middle of the sync",
    well_within=TAKEN_OVER_SECONDS,
)
def worker_killed_after(world: World) -> Iterator[None]:
    world.expire_access()
    world.fault("transactions", "hang")
    calls = world.token_calls()
    world.ask_for_a_sync()
    world.stack.wait_for(lambda: world.token_calls() > calls, "the refresh")
    hold(1)
    world.kill("worker")
    world.stack.manage("shell", "-c", LATER)
    world.restart_worker()
    ended = world.ended(world.ask_for_a_sync(), within=TAKEN_OVER_SECONDS)
    world.expect(ended.get("state") == "succeeded", f"the sync ended {ended.get('state')}")
    world.expect(world.token_calls() - calls == 1, "it refreshed what was fresh")
    yield


@fault(
    "web-killed",
    "the web process killed while a client refreshes its session over and over",
    answers=GONE,
)
def web_killed(world: World) -> Iterator[None]:
    with world.stack.api() as api:
        latest = _pair(world, api)
        killer = threading.Timer(0.5, world.kill, ["web"])
        killer.start()
        with contextlib.suppress(httpx.TransportError):
            while True:
                latest = api.post("auth/tokens/refresh", json={"refresh_token": latest}).json()[
                    "refresh_token"
                ]
                hold(0.015)  # a session may not be refreshed more than sixty times in a row
        killer.join()
    world.stack.start_web("web", world.stack.port)
    world.stack.processes.wait_for("web", f"{world.stack.origin}/healthz")
    _expect_alive(world, latest)
    yield


@fault("client-gone", "clients hang up in the middle of a sign-in and of a refresh")
def client_gone(world: World) -> Iterator[None]:
    with world.stack.api() as api:
        latest = _pair(world, api)
    for pause in (0.0, 0.005, 0.02, 0.1):
        _hang_up(world, "auth/tokens/refresh", f'{{"refresh_token": "{latest}"}}', pause)
        _hang_up(world, "auth/tokens", f'{{"email": "{world.email}", "password": "{PASSWORD}"}}', pause)
    _expect_alive(world, latest)
    yield


@fault("client-gone-callback", "a browser hangs up in the middle of the way back from the institution")
def client_gone_callback(world: World) -> Iterator[None]:
    stack = world.stack
    with stack.api(world.token) as api, Browser(stack.origin) as browser:
        started = api.post("connections", json={"provider": "sandbox"}).json()
        browser.submit(browser.open("/sign-in"), "password", email=world.email, password=PASSWORD)
        consent = browser.submit(browser.open(started["authorization_url"]), "/connections/start/")
        way_back = stack.bank.decide(str(consent.url))
        with contextlib.suppress(httpx.TimeoutException):
            browser.client.get(way_back, timeout=0.02)
        hold(1)
        linked = [one for one in api.get("connections").json()["results"] if one["state"] == "active"]
        world.expect(len(linked) == 1, f"{len(linked)} connections are active")
    yield


@fault(
    "client-gone-work",
    "clients hang up as they ask for a sync, and in an upload: the sync is done, the upload leaves nothing",
)
def client_gone_work(world: World) -> Iterator[None]:
    bearer, before = f"Authorization: Bearer {world.token}\r\n", set(_runs(world))
    for pause in (0.0, 0.01, 0.5):
        _hang_up(world, f"connections/{world.connection}/syncs", "", pause, more=bearer)
    new = [run for run in _runs(world) if run not in before]
    world.expect(bool(new), "nobody asked for a sync")
    for run in new:
        state = world.ended(run, within=30).get("state")
        world.expect(state == "succeeded", f"the sync ended {state}")
    imports, form = (
        world.count(IMPORTS),
        "--x\r\nContent-Disposition: form-data; name=file; filename=a.ofx\r\n\r\n",
    )
    for pause in (0.0, 0.2):
        kind = "multipart/form-data; boundary=x"
        _hang_up(world, "imports", form + "OFXHEADER:100", pause, more=bearer, kind=kind, length=50_000)
    hold(0.5)
    world.expect(world.count(IMPORTS) == imports, "half an upload was taken")
    yield


IMPORTS = "SELECT count(*) FROM providers_fileimport"


def _runs(world: World) -> list[str]:
    with world.stack.api(world.token) as api:
        return [run["id"] for run in api.get(f"connections/{world.connection}/syncs").json()["results"]]


def _hang_up(
    world: World,
    path: str,
    body: str,
    pause: float,
    *,
    more: str = "",
    kind: str = "application/json",
    length: int | None = None,
) -> None:
    """Send a request, of which more was to come if it has that `length`, and go."""
    head = f"POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{more}"
    with socket.create_connection(("127.0.0.1", world.stack.port)) as client:
        client.sendall(f"{head}Content-Length: {length or len(body)}\r\n\r\n{body}".encode())
        hold(pause)


def _pair(world: World, api: httpx.Client) -> str:
    answer = api.post("auth/tokens", json={"email": world.email, "password": PASSWORD})
    return str(answer.json()["refresh_token"])


def _expect_alive(world: World, refresh_token: str) -> None:
    """A client that did not get the answer asks again moments later, with the tokens it has."""
    with world.stack.api() as api:
        answer = api.post("auth/tokens/refresh", json={"refresh_token": refresh_token})
        world.expect(answer.status_code == 200, f"the session is lost: {answer.text[:200]}")
