"""Everything that comes in is measured before it is worked on, and an answer lists a bounded number of errors."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.test import AsyncClient
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import User
from dashtam.api import openapi
from dashtam.asgi import application
from tests.accounts.conftest import Api
from tests.lag import watched
from tests.staff import Staff

DOCUMENT: dict[str, Any] = json.loads(openapi.document())
ID = "00000000-0000-4000-8000-000000000000"
# NFC sorts combining marks by their class, in time that grows with the square of their number.
MARKS = "\u0315" * 60_000 + "\u0316" * 60_000
HOSTILE = [MARKS, "\u0315" * 9_990 + "\u0316" * 9_990, "\u0316" * 500 + "\u0315" * 500, "\ufdfa" * 1_000]
GENEROUS_SECONDS = 1.0  # on a busy machine; the worst of these took 19 s


def texts_of(schema: dict[str, Any], text: str) -> Any:
    """A value of this schema, as far as it has texts, with `text` for each."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        return {name: texts_of(each, text) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        return [texts_of(schema["items"], text)]
    return text


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                yield method.upper(), re.sub(r"\{\w+\}", ID, path), body["schema"]


def addresses() -> Iterator[str]:
    for path, methods in DOCUMENT["paths"].items():
        given = [
            each["name"] for each in methods.get("get", {}).get("parameters", []) if each["in"] == "query"
        ]
        text = quote("\u0316" * 300 + "\u0315" * 300)
        for name in given:
            yield f"{re.sub(r'{[a-z_]+}', ID, path)}?{name}={text}"


async def test_s01_every_text_of_every_operation_is_measured_before_it_is_touched(ana: User) -> None:
    api = Api()
    await api.sign_in(ana.email)
    slow = {}
    for method, path, schema in operations():
        for text in HOSTILE:
            body = json.dumps(texts_of(schema, text), ensure_ascii=False).encode()
            async with watched() as lag:
                answer = await api.call(method, path.removeprefix("/api/v1/"), body)
            assert answer.status_code < 500, (path, answer.content[:300])
            assert len(answer.content) < 20_000
            if lag.seconds > GENEROUS_SECONDS:
                slow[method, path, len(text)] = lag.seconds
    for path in addresses():
        async with watched() as lag:
            assert (
                await api.client.get(path, headers={"authorization": f"Bearer {api.token}"})
            ).status_code < 500
        if lag.seconds > GENEROUS_SECONDS:
            slow["GET", path[:80], 0] = lag.seconds
    assert not slow


PAGES = [
    *("/sign-up", "/sign-in", "/forgot-password", "/verify-email", "/reset-password", "/sign-in/passkey"),
    *("/settings/profile", "/settings/security", "/settings/api-keys/new", "/settings/email", "/imports/new"),
    *("/reauthenticate", "/settings/security/passkeys/new", "/settings/security/authenticator"),
    *("/confirm-new-email", "/email-change", "/connections/new?provider=sandbox", "/sign-in/second-step"),
]
FIELD = re.compile(r'<(?:input|select|textarea)[^>]* name="(\w+)"')


async def test_s01_every_field_of_every_form_is_measured_before_it_is_touched(ana: User) -> None:
    staff = await Staff.arrives(ana)
    names = {"name", "email", "password", "token", "credential", "next", "otp", "account_id", "q", "cursor"}
    for page in PAGES:
        names |= set(FIELD.findall((await staff.get(page)).content.decode()))
    urlencoded = urlencode(dict.fromkeys(names, HOSTILE[2][300:700]))
    bodies = {
        (MULTIPART_CONTENT, 0): encode_multipart(BOUNDARY, {"name": MARKS}),
        (MULTIPART_CONTENT, 1): encode_multipart(BOUNDARY, {"email": MARKS[30_000:60_020]}),
        (MULTIPART_CONTENT, 2): encode_multipart(BOUNDARY, dict.fromkeys(names, HOSTILE[2])),
        ("application/x-www-form-urlencoded", 3): urlencoded.encode(),
    }
    for client in (staff.client, AsyncClient(raise_request_exception=False)):
        for page in PAGES:
            for kind, body in bodies.items():
                async with watched() as lag:
                    answer = await client.generic("POST", page, body, content_type=kind[0])
                assert lag.seconds < GENEROUS_SECONDS, (page, kind)
                assert answer.status_code < 500, page
                assert len(answer.content) < 1_000_000


MANY = [
    ("auth/users", {f"unknown{n}": 1 for n in range(10_000)}),
    ("connections", {"provider": "sandbox", **{f"unknown{n}": 1 for n in range(90)}}),
    ("auth/api-keys", {"name": "x", "scopes": [f"unknown{n}" for n in range(9_000)]}),
    ("auth/api-keys", {"name": {"a": [{"b": n} for n in range(9_000)]}, "scopes": ["read"]}),
]


@pytest.mark.parametrize(("path", "body"), MANY)
async def test_s01_an_answer_lists_a_bounded_number_of_errors(ana: User, path: str, body: Any) -> None:
    api = Api()
    await api.sign_in(ana.email)
    answer = await api.post(path, body)
    assert answer.status_code == 400, answer.content[:300]
    assert len(answer.content) < 8_000
    assert 1 <= len(answer.json()["errors"]) <= 20


async def test_s01_an_unknown_name_or_value_is_not_repeated_at_full_length(ana: User) -> None:
    api = Api()
    await api.sign_in(ana.email)
    answer = await api.get(f"accounts?{'x' * 5_000}=1")
    assert (answer.status_code, len(answer.content) < 1_000) == (400, True)
    answer = await api.get(f"transactions?status={'x' * 5_000}")
    assert (answer.status_code, len(answer.content) < 1_000) == (400, True)


LONG = "x" * 40_000
HEADS = [
    ({"user-agent": LONG}, "/api/v1/accounts", 431),
    ({"cookie": "a=b;" * 10_000}, "/sign-in", 431),
    ({"authorization": f"Bearer dsh_{LONG}"}, "/api/v1/accounts", 401),
    ({"authorization": f"Bearer dsh_{LONG[:20_000]}"}, "/api/v1/accounts", 401),
    ({"x-forwarded-for": "1," * 10_000}, "/healthz", 200),
    ({}, f"/sign-in?next={LONG}", 414),
    ({}, f"/api/v1/{LONG}", 414),
]


@pytest.mark.parametrize(("headers", "path", "status"), HEADS, ids=range(len(HEADS)))
async def test_s01_address_and_headers_are_measured_first(
    async_client: AsyncClient, settings: Any, headers: dict[str, str], path: str, status: int
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    answer = await async_client.get(path, headers=headers)
    assert answer.status_code == status
    if path.startswith("/api/"):
        assert answer["content-type"] == "application/problem+json"


async def test_s01_a_socket_s_handshake_is_measured_first() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket",
        "path": "/ws/events",
        "query_string": f"ticket={LONG}".encode(),
        "headers": [],
        "extensions": {"websocket.http.response": {}},
    }
    await application(scope, receive, send)
    assert sent[0]["status"] == 414


@pytest.mark.parametrize(("path", "most"), [("/sign-in", 300_000), ("/api/v1/auth/tokens", 300_000)])
async def test_s01_only_addresses_that_take_files_read_large_bodies(path: str, most: int) -> None:
    asked, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": asked < 300}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"content-type", b"multipart/form-data; boundary=x")],
        "client": ("127.0.0.1", 9),
    }
    await asyncio.wait_for(application(scope, receive, send), 30)
    assert asked * 65_536 <= most + 65_536
    assert sent[0]["status"] == 413


async def test_s01_the_parts_of_a_hashed_body_are_bounded() -> None:
    """A boundary of one letter would make a piece, and a hash, of each letter of the body."""
    piece, asked = b"b" * 1_000_000, 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": piece, "more_body": asked < 20}

    async def send(message: dict[str, Any]) -> None: ...

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/imports",
        "raw_path": b"/api/v1/imports",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"idempotency-key", b"k"),
            (b"content-type", b"multipart/form-data; boundary=b"),
        ],
        "client": ("127.0.0.1", 9),
    }
    async with watched() as lag:
        await application(scope, receive, send)
    assert lag.seconds < GENEROUS_SECONDS


def test_s01_what_the_settings_allow_is_what_is_measured() -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= 262_144
    assert settings.DATA_UPLOAD_MAX_NUMBER_FIELDS <= 200
