"""Each fault spoils the calls it was ordered for, and no others."""

import json
from typing import Any

import httpx
import pytest

from providers.simulator.process import SandboxBankError
from tests.providers.simulator.conftest import OAuthClient


@pytest.fixture
def token(client: OAuthClient) -> str:
    return str(client.connect()["access_token"])


def order(client: OAuthClient, target: str, mode: str, **more: Any) -> None:
    client.bank.control("faults", {"target": target, "mode": mode, **more})


def last_status(client: OAuthClient) -> int | None:
    status: int | None = client.bank.control("log")["calls"][-1]["status"]
    return status


def test_a_server_error_lasts_for_as_many_calls_as_ordered(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "status_500", times=2)
    assert [client.get("accounts", token).status_code for _ in range(3)] == [500, 500, 200]


def test_too_many_requests_says_when_to_come_back(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "status_429", retry_after=17)
    order(client, "accounts", "status_429")
    first, second = client.get("accounts", token), client.get("accounts", token)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "17")
    assert (second.status_code, second.headers.get("Retry-After")) == (429, None)
    assert first.json()["error"]["code"] == "rate_limited"
    assert first.headers["X-Request-Id"]


@pytest.mark.parametrize("said", ["Fri, 31 Dec 9999 23:59:59 GMT", "soon", "9" * 40])
def test_t15_when_to_come_back_may_be_said_in_any_words(client: OAuthClient, token: str, said: str) -> None:
    order(client, "accounts", "status_503", retry_after=said)
    order(client, "accounts", "status_502")
    first, second = client.get("accounts", token), client.get("accounts", token)
    assert (first.status_code, first.headers["Retry-After"]) == (503, said)
    assert (second.status_code, second.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_t15_an_answer_can_be_edited(client: OAuthClient, token: str) -> None:
    order(client, "customer", "edited", pattern=r'"id":\s*"([^"]*)"', by=r'"id": "\1\\u0000"')
    first, second = (client.get("customer", token).json()["id"] for _ in range(2))
    assert first == f"{second}\0"


def test_faults_hit_only_their_target(client: OAuthClient, token: str) -> None:
    order(client, "holdings", "status_500")
    accounts = client.accounts(token)
    brokerage = accounts["BROKERAGE"]["id"]
    assert client.get("customer", token).status_code == 200
    assert client.get(f"accounts/{brokerage}/holdings", token).status_code == 500


def test_a_fault_can_be_meant_for_one_account(client: OAuthClient, token: str) -> None:
    accounts = client.accounts(token)
    savings, checking = accounts["SAVINGS"]["id"], accounts["CHECKING"]["id"]
    order(client, "transactions", "status_500", account=savings)
    assert client.get(f"accounts/{checking}/transactions", token).status_code == 200
    assert client.get(f"accounts/{savings}/transactions", token).status_code == 500


@pytest.mark.parametrize("path", ["customer", "accounts"])
def test_any_hits_every_data_call_but_no_page(client: OAuthClient, token: str, path: str) -> None:
    order(client, "any", "status_500")
    assert client.http.get(client.authorization_url()).status_code == 200
    assert client.get(path, token).status_code == 500


def test_garbage_is_not_json(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "garbage")
    response = client.get("accounts", token)
    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(ValueError, match=r"."):
        json.loads(response.content)


def test_empty_is_a_success_without_a_body(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "empty")
    response = client.get("accounts", token)
    assert (response.status_code, response.content) == (200, b"")


def test_html_takes_the_place_of_data(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "html")
    response = client.get("accounts", token)
    assert response.headers["Content-Type"].startswith("text/html")


def test_huge_never_seems_to_end(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "huge")
    seen = 0
    with client.http.stream(
        "GET", "/api/v1/accounts", headers={"Authorization": f"Bearer {token}"}
    ) as response:
        for chunk in response.iter_bytes():
            seen += len(chunk)
            if seen > 12_000_000:
                break
    assert seen > 12_000_000
    assert client.get("accounts", token).status_code == 200


def test_truncated_stops_in_the_middle(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("accounts", token)


def test_dribble_comes_byte_by_byte(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "dribble")
    with client.http.stream(
        "GET", "/api/v1/accounts", headers={"Authorization": f"Bearer {token}"}
    ) as response:
        chunks = response.iter_raw()
        assert [len(next(chunks)) for _ in range(3)] == [1, 1, 1]
        assert int(response.headers["Content-Length"]) > 1_000


def test_drop_closes_the_line_without_doing_the_work(client: OAuthClient) -> None:
    tokens = client.connect()
    order(client, "token", "drop")
    with pytest.raises(httpx.TransportError):
        client.refresh(tokens["refresh_token"])
    assert last_status(client) is None
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_drop_after_does_the_work_and_loses_the_reply(client: OAuthClient) -> None:
    tokens = client.connect()
    order(client, "token", "drop_after")
    with pytest.raises(httpx.TransportError):
        client.refresh(tokens["refresh_token"])
    assert last_status(client) is None
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_hang_gives_no_answer_until_the_client_leaves(client: OAuthClient, token: str) -> None:
    order(client, "accounts", "hang")
    with pytest.raises(httpx.ReadTimeout):
        client.http.get("/api/v1/accounts", headers={"Authorization": f"Bearer {token}"}, timeout=0.3)
    assert client.get("accounts", token).status_code == 200


def test_invalid_grant_is_refused_without_touching_the_family(client: OAuthClient) -> None:
    tokens = client.connect()
    order(client, "token", "invalid_grant")
    refused = client.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert client.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"target": "accounts", "mode": "explode"},
        {"target": "everything", "mode": "drop"},
        {"target": "accounts", "mode": "drop", "times": 0},
        {"target": "accounts", "mode": "drop", "sometimes": 1},
        {"target": "accounts", "mode": "edited", "pattern": "("},
        {"target": "accounts", "mode": "status_503", "retry_after": "a\nb"},
        {},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(client: OAuthClient, fault: dict[str, Any]) -> None:
    with pytest.raises(SandboxBankError, match="invalid_request"):
        client.bank.control("faults", fault)
