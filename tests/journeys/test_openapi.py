"""The API answers every request as its OpenAPI document describes."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dashtam.api import openapi
from tests.stack import Stack

SCHEMA = schemathesis.openapi.from_dict(json.loads(openapi.document()))
ALWAYS_THE_SAME = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Person:
    """A person with data: the credentials and the ids of their rows."""

    credentials: list[str]
    ids: dict[str, str]  # of one row each, by the name of its list


@pytest.fixture(scope="module")
def person(stack: Stack) -> Person:
    """Ana, connected, and with an API key that may do everything a key may."""
    email, token = stack.sign_up("Ana")
    stack.connect(email, token)
    stack.synced(token)
    wanted = {"name": "all", "scopes": ["read", "sync", "manage"], "expires_in_days": 30}
    with stack.api(token) as api:
        key = api.post("auth/api-keys", json=wanted).json()["key"]
        lists = ("connections", "accounts", "transactions")
        ids = {name: api.get(name).json()["results"][0]["id"] for name in lists}
    return Person([token, key], ids)


turns = itertools.count()


@SCHEMA.parametrize()
@ALWAYS_THE_SAME
def test_h10_nothing_that_is_sent_gets_an_answer_that_is_not_described(
    case: schemathesis.Case[Any], stack: Stack, person: Person
) -> None:
    turn = next(turns)
    kind = case.operation.path.removeprefix("/api/v1/").partition("/")[0]
    sound = case.meta is not None and case.meta.generation.mode.is_positive
    if sound and kind in person.ids and "id" in case.path_parameters and turn % 3 and case.method != "DELETE":
        case.path_parameters["id"] = person.ids[kind]
    credential = person.credentials[turn % 2]
    if "Idempotency-Key" in (case.headers or {}) and sound:
        case.headers["Idempotency-Key"] += str(turn)  # or later cases would get the answers of earlier ones
    response = case.call(base_url=stack.origin, headers={"Authorization": f"Bearer {credential}"})
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if described and response.headers.get("content-type") == ["application/problem+json"]:
        assert response.json()["code"] in described["x-codes"]
    # A body may be as described and still be refused: a password too common, a cursor that is none of ours.
    case.validate_response(response, excluded_checks=[positive_data_acceptance])
