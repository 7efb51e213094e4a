"""Refusals in a crowd: the same answer and line in the log as Django's way, before Django is asked."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from dashtam.bridge.hashing import place_to_hash
from dashtam.errors import ServiceBusy
from dashtam.web.http_handler import HttpHandler
from dashtam.web.turned_away import TurnedAway

TOKENS, ME = "/api/v1/auth/tokens", "/api/v1/auth/me"
OWN = {"x-request-id", "retry-after"}  # another one for each answer
Answer = tuple[int, dict[str, str], dict[str, Any]]


@pytest.fixture
def crowd() -> Iterator[None]:
    """All places that strangers may have are taken."""
    with ExitStack() as places:
        with suppress(ServiceBusy):
            while True:
                places.enter_context(place_to_hash(stranger=True))
        yield


async def ask(application: Any, path: str = TOKENS, method: str = "POST", **headers: str) -> Answer:
    """What a server would send."""
    sent: list[Any] = []
    content = b'{"email": "ana@example.org", "password": "x"}'
    lines = {"host": "testserver", "content-type": "application/json", "content-length": str(len(content))}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in (lines | headers).items()],
        "client": ("127.0.0.1", 9),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, json.loads(b"".join(each["body"] for each in sent[1:]))


async def unasked(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("Django was asked")


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("transport", [0, 63_072_000])
async def test_s04_the_answer_and_its_line_are_those_of_djangos_way(
    transport: int, settings: Any, caplog: Any
) -> None:
    settings.SECURE_HSTS_SECONDS, settings.TRUSTED_PROXIES = transport, ["127.0.0.1"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    caplog.set_level(logging.INFO, "dashtam.requests")
    came = {"x_forwarded_for": "8.8.8.8, 203.0.113.9", "x_forwarded_proto": "https"}
    status, headers, problem = await ask(TurnedAway(unasked), **came)
    as_before = await ask(HttpHandler(), **came)
    assert (status, {**headers, **{name: as_before[1][name] for name in OWN}}) == as_before[:2]
    assert problem == {**as_before[2], "request_id": headers["x-request-id"]}
    assert problem["code"] == "service_busy"
    assert 3 <= int(headers["retry-after"]) <= 4  # as long as those who wait will take
    ours, djangos = (record.fields for record in caplog.records if record.name == "dashtam.requests")
    assert {**ours, "ms": 0} == {**djangos, "ms": 0}
    assert (ours["route"], ours["status"], ours["client"]) == (TOKENS, 503, "203.0.113.0/24")


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [(ME, "POST", {}), (TOKENS, "GET", {}), (TOKENS, "POST", {"origin": "https://app.example.org"})],
)
@pytest.mark.usefixtures("crowd")
async def test_s04_everything_else_goes_djangos_way(path: str, method: str, headers: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="Django was asked"):
        await ask(TurnedAway(unasked), path, method, **headers)


async def test_s04_without_a_crowd_nobody_is_turned_away() -> None:
    with pytest.raises(AssertionError, match="Django was asked"):
        await ask(TurnedAway(unasked))
