"""The OpenAPI document tells a program all it needs: credentials, errors, headers, and examples that fit."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dashtam.api import openapi

DOCUMENT: dict[str, Any] = json.loads(openapi.document())
OPERATIONS = [
    (f"{method} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
BY_NAME = dict(OPERATIONS)
each_operation = pytest.mark.parametrize(
    "operation", [each for _, each in OPERATIONS], ids=[n for n, _ in OPERATIONS]
)


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything with a shape that the operation takes and gives."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for response in operation["responses"].values():
        yield from response.get("content", {}).values()


def resolved(example: dict[str, Any]) -> Any:
    if "$ref" in example:
        example = DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]]
    return example["value"]


@each_operation
def test_t10_each_operation_has_a_summary_a_noun_and_credentials(operation: dict[str, Any]) -> None:
    assert 3 < len(operation["summary"]) < 60
    assert not operation["summary"].endswith(".")
    assert len(operation["tags"]) == 1
    assert {"name": operation["tags"][0]} in DOCUMENT["tags"]
    ways = operation["security"]
    assert ways == [] or ways[0] == {"accessToken": []}
    assert all(way["apiKey"][0] in {"read", "sync", "manage"} for way in ways[1:])
    assert {name for way in ways for name in way} <= DOCUMENT["components"]["securitySchemes"].keys()


def test_t10_no_two_operations_have_the_same_summary() -> None:
    summaries = [operation["summary"] for _, operation in OPERATIONS]
    assert len(summaries) == len(set(summaries))


@each_operation
def test_t10_each_error_names_its_codes_and_shows_each(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        problem = response.get("content", {}).get("application/problem+json")
        if problem is None:
            assert status < "400" or "application/json" in response["content"]
            continue
        assert response["x-codes"]
        assert list(problem["examples"]) == response["x-codes"]
        for code, example in problem["examples"].items():
            value = resolved(example)
            assert (value["code"], str(value["status"])) == (code, status)
            assert f"`{code}`" in response["description"]


@each_operation
def test_t10_examples_fit_their_shapes(operation: dict[str, Any]) -> None:
    for body in bodies(operation):
        validator = Draft202012Validator({**body["schema"], "components": DOCUMENT["components"]})
        shown = [resolved(each) for each in body.get("examples", {}).values()]
        shown += [body["example"]] if "example" in body else []
        for value in shown:
            validator.validate(value)


def test_t10_every_body_in_json_has_an_example() -> None:
    without = [
        name
        for name, operation in OPERATIONS
        for response in (operation.get("requestBody", {}), *operation["responses"].values())
        for kind, body in response.get("content", {}).items()
        if kind.endswith("json") and not ("example" in body or body.get("examples"))
    ]
    assert without == []


@pytest.mark.parametrize(
    ("name", "status", "codes"),
    [
        (
            "post /api/v1/connections",
            "422",
            {"provider_takes_files", "provider_not_configured", "not_supported"},
        ),
        ("post /api/v1/connections", "403", {"email_unverified", "insufficient_scope"}),
        ("post /api/v1/connections/{id}/syncs", "422", {"provider_takes_files", "idempotency_key_reused"}),
        ("post /api/v1/connections/{id}/syncs", "429", {"rate_limited", "too_many_requests"}),
        (
            "post /api/v1/imports",
            "422",
            {"not_a_statement", "truncated", "currency_mismatch", "several_accounts"},
        ),
        ("post /api/v1/imports", "413", {"file_too_large", "payload_too_large"}),
        ("post /api/v1/auth/tokens", "401", {"invalid_credentials", "otp_required", "otp_invalid"}),
        ("post /api/v1/auth/api-keys", "403", {"reauth_required"}),
        ("post /api/v1/auth/api-keys", "409", {"too_many_api_keys", "idempotency_in_progress"}),
        ("get /api/v1/accounts", "401", {"not_authenticated", "invalid_token"}),
    ],
)
def test_t10_what_can_go_wrong_is_listed(name: str, status: str, codes: set[str]) -> None:
    assert codes <= set(BY_NAME[name]["responses"][status]["x-codes"])


def test_t10_keys_and_tokens_are_told_apart() -> None:
    assert BY_NAME["get /api/v1/accounts"]["security"] == [{"accessToken": []}, {"apiKey": ["read"]}]
    assert BY_NAME["post /api/v1/connections/{id}/syncs"]["security"][1] == {"apiKey": ["sync"]}
    assert BY_NAME["post /api/v1/events/tickets"]["security"][1] == {"apiKey": ["read"]}
    assert BY_NAME["get /api/v1/auth/api-keys"]["security"] == [{"accessToken": []}]
    assert BY_NAME["post /api/v1/auth/tokens"]["security"] == []


@pytest.mark.parametrize(
    ("name", "status", "header"),
    [
        ("post /api/v1/connections", "201", "Location"),
        ("post /api/v1/imports", "201", "Location"),
        ("post /api/v1/auth/api-keys", "201", "Location"),
        ("post /api/v1/connections/{id}/reauthorizations", "201", "Location"),
        ("post /api/v1/connections", "201", "Idempotency-Replayed"),
        ("get /api/v1/transactions", "200", "ETag"),
        ("get /api/v1/transactions", "304", "ETag"),
        ("post /api/v1/auth/tokens", "200", "RateLimit"),
        ("post /api/v1/auth/tokens", "429", "RateLimit-Policy"),
        ("post /api/v1/auth/tokens", "429", "Retry-After"),
        ("get /api/v1/accounts", "503", "Retry-After"),
    ],
)
def test_t10_headers_of_answers_are_described(name: str, status: str, header: str) -> None:
    described = BY_NAME[name]["responses"][status]["headers"][header]
    if "$ref" in described:
        described = DOCUMENT["components"]["headers"][described["$ref"].rpartition("/")[2]]
    assert described["description"]


def test_t10_kinds_of_transactions_are_listed() -> None:
    parameters = {each["name"]: each for each in BY_NAME["get /api/v1/transactions"]["parameters"]}
    assert {"purchase", "dividend", "unknown"} <= set(parameters["kind"]["schema"]["enum"])
