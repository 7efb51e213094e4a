"""Many sign-ins at once at a whole installation: some succeed, some must wait, and all other requests are served."""

import socket
from collections.abc import Iterator

import pytest

from tests.benchmarks.crowd import Plan, watch
from tests.stack import PASSWORD, Stack

pytestmark = pytest.mark.slow
PEOPLE = 50
SIGN_UP = f"""
from django.utils import timezone
from accounts.models import User
from accounts.wiring import password_service
known = password_service().hash_password({PASSWORD!r})
for n in range({PEOPLE}):
    User.objects.create_hashed(
        email=f"crowd{{n}}@example.org", password_hash=known, name="Crowd", email_verified_at=timezone.now())
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(ready="/healthz", TRUSTED_PROXIES="127.0.0.1") as running:
        yield running


def test_b8_a_hundred_sign_ins_at_once_are_let_in_or_told_to_wait_and_all_others_are_served(
    stack: Stack,
) -> None:
    stack.manage("shell", "-c", SIGN_UP)
    _, token = stack.sign_up()
    with stack.api(token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    people = [f"{who}{n}@example.org" for n in range(PEOPLE) for who in ("crowd", "nobody")]
    seen = watch(Plan(stack.port, token, ticket, people, PASSWORD, seconds=4))
    assert set(seen.answers) <= {"200", "401", "429", "503"}
    assert seen.answers["200"]
    assert seen.answers["503"]
    assert seen.reads  # each was answered 200, or the crowd would have said so
    assert seen.healths
    assert seen.pings
    assert seen.recovered > 0


def test_b9_two_hundred_half_sent_requests_keep_nobody_else_waiting(stack: Stack) -> None:
    sockets = [socket.create_connection(("127.0.0.1", stack.port), timeout=10) for _ in range(200)]
    for number, half in enumerate(sockets):
        half.sendall(b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\n"[: 20 + number % 40])
    with stack.api() as api:
        assert api.get(f"{stack.origin}/healthz").status_code == 200
        body = {"email": "nobody@example.org", "password": PASSWORD}
        assert api.post("auth/tokens", json=body).status_code == 401
    for half in sockets:
        half.close()


def test_b9_headers_without_end_are_cut_off(stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=30) as endless:
        endless.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for _ in range(1000):
                endless.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
            answer = endless.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
