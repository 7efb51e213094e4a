"""Timing of sign-ins for known and unknown email addresses, asked in turns, compared by rank."""

import math
import statistics
import time
from itertools import count

import httpx

from tests.benchmarks.report import Row, row
from tests.stack import PASSWORD, Stack

TURNS = 30
_KNOWN = """
from django.utils import timezone
from accounts.models import User
from accounts.wiring import password_service
known = password_service().hash_password({password!r})
for n in range({people}):
    User.objects.create_hashed(
        email=f"known{{n}}@example.org", password_hash=known, name="Known", email_verified_at=timezone.now())
"""
_addresses = count(1)


def measure(stack: Stack) -> list[Row]:
    """Asks a running stack that believes forwarded addresses."""
    stack.manage("shell", "-c", _KNOWN.format(password=PASSWORD, people=TURNS))
    with stack.api() as api:
        return [
            _gap(api, "sign-in", "auth/tokens", {"password": "certainly not the one"}),
            _gap(api, "sign-up", "auth/users", {"password": PASSWORD, "name": "Somebody"}),
            _gap(api, "reset", "auth/password-resets", {}),
            _gap(api, "new confirmation", "auth/email-verifications/resend", {}),
        ]


def _gap(api: httpx.Client, name: str, path: str, body: dict[str, str]) -> Row:
    known: list[float] = []
    unknown: list[float] = []
    for turn in range(TURNS):
        pair = [
            (known, f"known{turn}@example.org"),
            (unknown, f"{path.rpartition('/')[2]}{turn}@example.org"),
        ]
        for times, email in pair if turn % 2 else reversed(pair):
            times.append(_ask(api, path, {"email": email, **body}))
    gap = abs(statistics.median(known) - statistics.median(unknown))
    found = gap if _chance(known, unknown) < 0.01 else 0.0
    label = f"{name}: known and unknown addresses apart, not by chance"
    return row(f"B2.{path.rpartition('/')[2]}", label, found, "s", yardstick=0.010, at_most=1.0)


def _chance(ours: list[float], others: list[float]) -> float:
    """The probability that two samples of one distribution differ as much in rank (Mann and Whitney's test)."""
    wins = sum(one > other for one in ours for other in others)
    pairs = len(ours) * len(others)
    spread = math.sqrt(pairs * (len(ours) + len(others) + 1) / 12)
    return math.erfc(abs(wins - pairs / 2) / spread / math.sqrt(2))


def _ask(api: httpx.Client, path: str, body: dict[str, str]) -> float:
    where = f"10.9.{next(_addresses) // 250}.{next(_addresses) % 250}"
    started = time.perf_counter()
    answer = api.post(path, json=body, headers={"X-Forwarded-For": where})
    took = time.perf_counter() - started
    assert answer.status_code in {202, 401}, answer.text
    return took
