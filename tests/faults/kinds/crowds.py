"""Faults by the crowd: floods of sign-ins and sign-ups, requests that never end, sockets that never read."""

import asyncio
import base64
import contextlib
import json
import resource
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psutil
from django.conf import settings
from websockets.sync.client import connect

from notifications.live_layer import LiveLayer
from notifications.services.live_event_service import group_of
from tests import caddy
from tests.benchmarks.crowd import Plan, watch
from tests.certificates import certificate
from tests.faults.reader import is_problem
from tests.faults.rows import ANEW, GONE, fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD, free_port

KNOWN = UNKNOWN = 50
BEHIND_A_PROXY = {"TRUSTED_PROXIES": "127.0.0.1"}  # people then come from networks of their own
STRANGERS, FLOOD, THREADS = 300, 60, 8
FAILURES_ALLOWED = 30  # of one network in a minute, with what comes back meanwhile
SIGN_UPS_ALLOWED = 25
_DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
IDLE, HALVES, BODIES = min(10_000, _DESCRIPTORS - 1_000), 200, 100
HEADERS_WITHIN = 12.0  # the proxy's five seconds, on a machine that is slow
EVENTS, WEIGHT = 1_500, 8_000
MOST_GROWTH = 64 * 1024 * 1024


@fault(
    "crowd-signs-in",
    f"{KNOWN + UNKNOWN} people sign in at once, half of them unknown, over and over: some get in, others are told when",
    answers=GONE,
    latest=4,
    well_within=ANEW,
)
def crowd_signs_in(world: World) -> Iterator[None]:
    from accounts.models import User

    world.restart_web(**BEHIND_A_PROXY)
    world.past_all_that_is_broken()
    ana = User.objects.get(email=world.email)
    known = [f"crowd-{number}-{secrets.token_hex(4)}@example.org" for number in range(KNOWN)]
    for email in known:
        User.objects.create_hashed(
            email=email, password_hash=ana.password, name="Crowd", email_verified_at=ana.email_verified_at
        )
    with world.stack.api(world.token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    people = [each for email in known for each in (email, f"un{email}")]
    world.seen.answers.clear()  # the web process was restarted
    seen = watch(Plan(world.stack.port, world.token, ticket, people, PASSWORD, seconds=4))
    world.expect(set(seen.answers) <= {"200", "401", "429", "503"}, f"they were answered {seen.answers}")
    world.expect(bool(seen.answers.get("200")), "nobody got in")
    world.expect(bool(seen.reads and seen.pings), "others were not served meanwhile")
    world.expect(set(world.seen.answers) == {200}, f"a reader was answered {dict(world.seen.answers)}")
    yield
    world.restart_web()


@fault(
    "crowd-of-strangers",
    f"{STRANGERS} sign-ins of unknown people and {FLOOD} sign-ups from one network: few cost a hash, few a mail",
    answers=GONE,
    latest=4,
    well_within=ANEW,
)
def crowd_of_strangers(world: World) -> Iterator[None]:
    world.restart_web(**BEHIND_A_PROXY)
    network, letters = f"203.0.{secrets.randbelow(250)}.7", len(list(world.stack.outbox.glob("*.eml")))
    started = time.monotonic()
    tried = _flood(world, network, "auth/tokens", STRANGERS, {})
    minutes = 1 + (time.monotonic() - started) / 60
    world.expect(set(tried) <= {401, 429, 503}, f"sign-ins were answered {dict(tried)}")
    world.expect(tried[401] <= FAILURES_ALLOWED * minutes, f"{tried[401]} were tried")
    signed_up = _flood(world, network, "auth/users", FLOOD, {"name": "Flood"})
    world.expect(set(signed_up) <= {202, 429, 503}, f"sign-ups were answered {dict(signed_up)}")
    world.expect(0 < signed_up[202] <= SIGN_UPS_ALLOWED, f"{signed_up[202]} signed up")
    hold(2)
    more = len(list(world.stack.outbox.glob("*.eml"))) - letters
    world.expect(more <= SIGN_UPS_ALLOWED, f"{more} mails went out")
    yield
    world.restart_web()


def _flood(world: World, network: str, path: str, times: int, more: dict[str, str]) -> Counter[int]:
    """So many requests of unknown people, as fast as they come; how they were answered, negative if not told when."""
    with world.stack.api() as api, ThreadPoolExecutor(THREADS) as pool:

        def one(_: int) -> int:
            body = {"email": f"nobody-{secrets.token_hex(6)}@example.org", "password": PASSWORD, **more}
            answer = api.post(path, json=body, headers={"X-Forwarded-For": network})
            untold = answer.status_code in {429, 503} and not is_problem(answer)
            return -answer.status_code if untold else answer.status_code

        return Counter(pool.map(one, range(times)))


@fault(
    "clients-idle",
    f"{IDLE:,} idle connections, {HALVES} half-sent headers and {BODIES} half-sent bodies: nobody else waits",
    latest=4,
)
def clients_idle(world: World) -> Iterator[None]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    head = b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with contextlib.ExitStack() as stack:

        def opened(sent: bytes) -> None:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", world.stack.port), 10))
            client.sendall(sent)

        for _ in range(IDLE):
            opened(b"")
        for number in range(HALVES):
            opened(head[: 20 + number % 40])
        for _ in range(BODIES):
            opened(head + b'Content-Length: 200\r\n\r\n{"email": ')
        world.expect_daily_life()
        hold(1)
        world.expect(world.seen.answers[200] > 0, "nobody could read")
        _expect_cut_off_by_the_proxy(world, head)
    yield


def _expect_cut_off_by_the_proxy(world: World, head: bytes) -> None:
    """Headers that do not come to an end are cut off by the proxy of docs/deploy."""
    port, made = free_port(), certificate(world.stack.home, "localhost")
    upstreams = [f"127.0.0.1:{world.stack.port}"]
    proxy = caddy.start(world.stack.home, port=port, certificate=made, upstreams=upstreams)
    try:
        world.stack.wait_for(lambda: _listens(port), "the proxy")
        with made.client.wrap_socket(
            socket.create_connection(("127.0.0.1", port), 10), server_hostname="localhost"
        ) as half:
            half.sendall(head)
            half.settimeout(HEADERS_WITHIN)
            try:
                cut = b"HTTP/1.1 200" not in half.recv(1_000)
            except TimeoutError:
                cut = False
            except OSError:
                cut = True
        world.expect(cut, f"headers without end were not cut off within {HEADERS_WITHIN:.0f} s")
    finally:
        proxy.terminate()
        proxy.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@fault(
    "page-reads-nothing",
    f"a page takes none of {EVENTS:,} events that come for it: memory stays bounded, another page gets all of its own",
    latest=4,
)
def page_reads_nothing(world: World) -> Iterator[None]:
    web = psutil.Process(world.stack.processes.running["web"].pid)
    with world.stack.api(world.token) as api:
        person = UUID(api.get("auth/me").json()["id"])
        idle, busy = (api.post("events/tickets").json()["ticket"] for _ in range(2))
    url = f"ws://127.0.0.1:{world.stack.port}/ws/events?ticket={busy}"
    with _page_that_reads_nothing(world, idle), connect(url, proxy=None) as page:
        before, heard = web.memory_info().rss, []
        publishing = threading.Thread(target=lambda: asyncio.run(_publish(world, person)))
        publishing.start()
        with contextlib.suppress(TimeoutError):
            while json.loads(page.recv(20)).get("number") != EVENTS:
                heard.append(True)
        publishing.join()
        world.expect(len(heard) >= EVENTS - 1, f"another page of the same person heard {len(heard)} events")
        grown = web.memory_info().rss - before
        world.expect(grown < MOST_GROWTH, f"the web process grew by {grown / 1024 / 1024:.0f} MB")
        world.expect_daily_life()
    yield


@contextlib.contextmanager
def _page_that_reads_nothing(world: World, ticket: str) -> Iterator[socket.socket]:
    with socket.socket() as page:
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        page.connect(("127.0.0.1", world.stack.port))
        page.settimeout(10)
        lines = [f"GET /ws/events?ticket={ticket} HTTP/1.1", f"Host: localhost:{world.stack.port}"]
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}"]
        page.sendall("\r\n".join([*lines, "", ""]).encode())
        world.expect(b" 101 " in page.recv(100), "the page was not let in")
        yield page


async def _publish(world: World, person: UUID) -> None:
    """Events as the worker publishes them, each with its number and some weight."""
    server = {"address": f"redis://127.0.0.1:{world.valkey.port}/0"}
    options: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    layer = LiveLayer(**options | {"hosts": [server]})
    for number in range(1, EVENTS + 1):
        event = {"type": "sync.progress", "number": number, "weight": "x" * WEIGHT}
        await layer.group_send(group_of(person), {"type": "live.event", "event": event})
    await layer.close_pools()
