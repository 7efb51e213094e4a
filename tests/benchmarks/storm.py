"""P1 to P3: a hundred people sign in at once; the cost for them and for all other requests."""

import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from dashtam.bridge.hashing import _yield_to_the_loop
from tests.benchmarks.crowd import Plan, Seen, watch
from tests.benchmarks.percentiles import percentile
from tests.benchmarks.report import Row, row
from tests.stack import PASSWORD, Stack

PEOPLE = 100
STORM_SECONDS = 30.0
QUIET_SECONDS = 10.0
FINE = {"200", "401", "429", "503"}

_SIGN_UP = """
from django.utils import timezone
from accounts.models import User
from accounts.wiring import password_service
known = password_service().hash_password({password!r})
for n in range({people}):
    User.objects.create_hashed(
        email=f"crowd{{n}}@example.org", password_hash=known, name="Crowd", email_verified_at=timezone.now())
"""


def bcrypt_ceiling(seconds: float = 4.0) -> float:
    """Hashes a second that this machine can do with all cores and nothing else.

    At the priority that the product hashes at: what else the machine does is missing to both alike.
    """
    salt = bcrypt.gensalt(12)
    done = 0
    started = time.perf_counter()
    with ThreadPoolExecutor(initializer=_yield_to_the_loop) as pool:
        while time.perf_counter() - started < seconds:
            done += len(list(pool.map(lambda _: bcrypt.hashpw(b"ceiling", salt), range(8))))
    return done / (time.perf_counter() - started)


def measure(stack: Stack, token: str) -> list[Row]:
    """Signs in by the hundred against a running stack that believes forwarded addresses."""
    stack.manage("shell", "-c", _SIGN_UP.format(password=PASSWORD, people=PEOPLE))
    people = [f"crowd{n}@example.org" for n in range(PEOPLE)]
    before = bcrypt_ceiling()
    quiet = watch(_plan(stack, token, [], QUIET_SECONDS))
    storm = watch(_plan(stack, token, people, STORM_SECONDS))
    ceiling = (before + bcrypt_ceiling()) / 2  # what else the machine does changes from minute to minute
    return _rows(quiet, storm, ceiling)


def _plan(stack: Stack, token: str, people: list[str], seconds: float) -> Plan:
    with stack.api(token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    return Plan(stack.port, token, ticket, people, PASSWORD, seconds)


def _rows(quiet: Seen, storm: Seen, ceiling: float) -> list[Row]:
    rate = len(storm.accepted) / storm.took
    reads, calm = percentile(storm.reads, 99), percentile(quiet.reads, 99)
    unexpected = sum(times for status, times in storm.answers.items() if status not in FINE)
    refused = percentile(storm.refused or [0.0, 0.0], 95)
    accepted = percentile(storm.accepted, 95)
    lag = percentile(storm.healths, 99)
    return [
        row("P1", "accepted sign-ins ÷ raw bcrypt", rate, "/s", yardstick=ceiling, at_least=0.95),
        row(
            "P1.clients", "cores that the clients themselves used", storm.cpu, "", yardstick=1.0, at_most=0.1
        ),
        row("P2.p99", "accounts p99 in the storm", reads, "s", yardstick=0.150, at_most=1.0),
        row("P2.quiet", "accounts p99, storm ÷ quiet", reads, "s", yardstick=calm, at_most=3.0),
        row("P2.health", "healthz p99 in the storm", lag, "s", yardstick=0.050, at_most=1.0),
        row(
            "P2.ping",
            "slowest WebSocket ping in the storm",
            max(storm.pings),
            "s",
            yardstick=0.5,
            at_most=1.0,
        ),
        row("P3.accepted", "accepted sign-in p95", accepted, "s", yardstick=4.0, at_most=1.0),
        row("P3.refused", "refused sign-in p95", refused, "s", yardstick=0.050, at_most=1.0),
        row("P3.answers", "answers not 200, 401, 429, 503", unexpected, "", yardstick=1.0, at_most=0.5),
        row("P3.well", "well again after the storm", storm.recovered, "s", yardstick=5.0, at_most=1.0),
    ]
