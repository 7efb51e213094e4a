"""Every error, of every address, has the contract's form."""

import json
from typing import Any

import pytest
from django.test import AsyncClient

from accounts.models import User
from tests.accounts.conftest import Api
from tests.dashtam.web.broken_urls import FAILURES, QUOTED

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["content-type"] == "application/problem+json"
    assert response["cache-control"] == "no-store"
    body: dict[str, Any] = json.loads(response.content)
    assert set(body) >= PROBLEM
    assert body["status"] == status
    assert body["code"] == code
    assert body["request_id"] == response["x-request-id"]
    return body


async def test_h1_an_unknown_address_of_the_api(async_client: AsyncClient) -> None:
    assert_problem(await async_client.get("/api/v1/nothing/here"), 404, "not_found")


async def test_h1_an_unknown_page_is_a_page(async_client: AsyncClient) -> None:
    response = await async_client.get("/nothing/here")
    assert response.status_code == 404
    assert response["content-type"].startswith("text/html")
    assert response["x-request-id"] in response.content.decode()


async def test_h1_a_foreign_host(async_client: AsyncClient) -> None:
    response = await async_client.get("/api/v1/accounts", headers={"host": "evil.example"})
    assert_problem(response, 400, "bad_host")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
async def test_h5_a_method_that_an_address_does_not_take(async_client: AsyncClient, method: str) -> None:
    response = await getattr(async_client, method)("/api/v1/auth/tokens")
    assert_problem(response, 405, "method_not_allowed")
    assert set(response["allow"].split(", ")) == {"POST", "OPTIONS"}


async def test_h5_options_is_safe_and_head_is_get_without_a_body(async_client: AsyncClient) -> None:
    assert (await async_client.options("/api/v1/accounts")).status_code == 204
    head = await async_client.head("/healthz")
    assert (head.status_code, head.content) == (200, b"")


NESTED = b'{"email": "a@b.c", "password":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NOT_OBJECTS = [b" ", b"{", b"[]", b'"text"', b"null", b"1", b"\xff\xfe", b'{"a":"\\ud800"}', NESTED]
NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5_000, "0x10", "01", "1."]
NOT_NUMBERS = [b'{"email": "a@b.c", "password": %s}' % number.encode() for number in NUMBERS]
NAMED_TWICE = [
    b'{"email": "a@b.c", "email": "d@e.f", "password": "x"}',
    b'{"email": "a@b.c", "password": {"a": 1, "\\u0061": 2}}',
]


@pytest.mark.parametrize("body", NOT_OBJECTS + NOT_NUMBERS + NAMED_TWICE)
async def test_h4_a_body_that_is_not_an_object_of_json(async_client: AsyncClient, body: bytes) -> None:
    response = await async_client.post("/api/v1/auth/tokens", data=body, content_type="application/json")
    assert_problem(response, 400, "malformed_json")


async def test_h1_a_body_of_another_kind(async_client: AsyncClient) -> None:
    response = await async_client.post("/api/v1/auth/tokens", data=b"<a/>", content_type="application/xml")
    assert_problem(response, 415, "unsupported_media_type")


async def test_h1_a_body_that_is_too_large(async_client: AsyncClient) -> None:
    body = json.dumps({"email": "a@example.org", "password": "x" * 2_000_000})
    response = await async_client.post("/api/v1/auth/tokens", data=body, content_type="application/json")
    assert_problem(response, 413, "payload_too_large")


@pytest.mark.parametrize(
    "path", ["accounts", "transactions", "connections", "holdings", "net-worth", "auth/me"]
)
async def test_h1_without_credentials(async_client: AsyncClient, path: str) -> None:
    response = await async_client.get(f"/api/v1/{path}")
    assert_problem(response, 401, "not_authenticated")
    assert response["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("query", ["color=red", "limit=1&limit=2", "cursor=a&cursor=b", "limit=1&LIMIT=2"])
async def test_h4_parameters_that_are_unknown_or_given_twice(query: str, ana: User) -> None:
    api = Api()
    await api.sign_in(ana.email)
    body = assert_problem(await api.get(f"accounts?{query}"), 400, "validation_failed")
    assert {wrong["code"] for wrong in body["errors"]} <= {"unknown", "repeated"}


GARBAGE = ["Bearer", "Bearer ", "Bearer a b", "Bearer garbage", "Basic YTpi", "Bearer " + "x" * 20_000]


@pytest.mark.parametrize("value", GARBAGE)
async def test_with_credentials_that_are_not_a_token(async_client: AsyncClient, value: str) -> None:
    response = await async_client.get("/api/v1/accounts", headers={"authorization": value})
    assert response.status_code == 401
    assert response["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_address_does_not_count(async_client: AsyncClient) -> None:
    assert (await async_client.get("/api/v1/accounts?access_token=abc")).status_code == 401


UNREADABLE = ["multipart/form-data", "application/x-www-form-urlencoded; charset=utf-7"]


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_a_form_that_cannot_be_read(async_client: AsyncClient, kind: str) -> None:
    await async_client.get("/sign-in")
    response = await async_client.post(
        "/sign-in", data=b"x", content_type=kind, headers={"origin": "http://testserver"}
    )
    assert 400 <= response.status_code < 500
    assert response["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/", "/admin/", "/connections/new"])
async def test_h5_pages_take_get_and_post_alone(async_client: AsyncClient, method: str, path: str) -> None:
    response = await async_client.generic(method, path)
    assert response.status_code == 405
    assert {"POST"} <= set(response["allow"].split(", ")) <= {"GET", "HEAD", "POST"}
    assert "does not take that method" in response.content.decode()


async def test_i3_signing_out_is_a_form_and_never_a_link(async_client: AsyncClient) -> None:
    response = await async_client.get("/sign-out")
    assert (response.status_code, response["allow"]) == (405, "POST")
    assert "does not take that method" in response.content.decode()


async def test_live_events_are_told_to_come_as_a_websocket(async_client: AsyncClient) -> None:
    response = await async_client.get("/ws/events?ticket=abc")
    assert_problem(response, 426, "upgrade_required")
    assert response["upgrade"] == "websocket"


@pytest.fixture
def broken(settings: Any) -> None:
    """Addresses that fail on purpose."""
    settings.ROOT_URLCONF = "tests.dashtam.web.broken_urls"


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("place", ["/api/v1/broken", "/broken", "/broken-and-sync"])
async def test_h1_whatever_fails_is_answered_in_form_and_without_its_message(
    broken: None, caplog: Any, place: str, how: str
) -> None:
    client = AsyncClient(raise_request_exception=False)
    response = await client.get(f"{place}/{how}")
    assert response.status_code == FAILURES[how][1]
    assert (response.status_code == 503) == ("retry-after" in response.headers)
    assert response["x-request-id"] in response.content.decode()
    for word in (QUOTED, "Traceback", "django", FAILURES[how][0].__name__):
        assert word not in response.content.decode()
    if place.startswith("/api/"):
        assert_problem(response, FAILURES[how][1], response.json()["code"])
    else:
        assert response["content-type"].startswith("text/html")
        assert "<h1>" in response.content.decode()
    unhandled = [record for record in caplog.records if record.getMessage() == "exception.unhandled"]
    assert len(unhandled) == (FAILURES[how][1] == 500)
    assert QUOTED not in caplog.text + repr([record.fields for record in unhandled])


async def test_h1_a_page_that_cannot_be_drawn_is_a_fault_of_ours_in_form(broken: None) -> None:
    response = await AsyncClient(raise_request_exception=False).get("/without-a-template")
    assert response.status_code == 500
    assert response["x-request-id"] in response.content.decode()
    assert QUOTED not in response.content.decode()


async def test_the_docs_take_get_alone(async_client: AsyncClient) -> None:
    assert (await async_client.get("/api/v1/docs")).status_code == 200
    assert_problem(await async_client.post("/api/v1/docs"), 405, "method_not_allowed")
    assert_problem(await async_client.trace("/api/v1/docs"), 405, "method_not_allowed")
