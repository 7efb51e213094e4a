"""Live events for a program that has an API key and no session."""

import json
from collections import deque
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.stack import Stack


def key_of(stack: Stack, token: str, *scopes: str) -> dict[str, Any]:
    with stack.api(token) as api:
        made = api.post("auth/api-keys", json={"name": "Daemon", "scopes": scopes, "expires_in_days": 1})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found


def opened(stack: Stack, key: str) -> ClientConnection:
    with stack.api(key) as api:
        answer = api.post("events/tickets")
        assert answer.status_code == 201, answer.text
        return connect(
            f"ws://localhost:{stack.port}/ws/events?ticket={answer.json()['ticket']}", open_timeout=10
        )


def test_t10_a_daemon_follows_events_until_its_key_ends(stack: Stack) -> None:
    email, token = stack.sign_up("Dan")
    made = key_of(stack, token, "read")
    with opened(stack, made["key"]) as socket:
        socket.send(json.dumps({"type": "ping"}))
        assert json.loads(socket.recv(timeout=10)) == {"type": "pong"}
        stack.connect(email, token)
        heard = {json.loads(socket.recv(timeout=30))["type"] for _ in range(2)}
        assert heard
        with stack.api(token) as api:
            assert api.delete(f"auth/api-keys/{made['id']}").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            deque(socket, maxlen=0)  # what was on its way, until the end
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def test_t10_a_ticket_of_a_key_that_has_ended_opens_nothing(stack: Stack) -> None:
    _, token = stack.sign_up("Dora")
    made = key_of(stack, token, "read")
    with stack.api(made["key"]) as program, stack.api(token) as api:
        ticket = program.post("events/tickets").json()["ticket"]
        api.delete(f"auth/api-keys/{made['id']}")
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://localhost:{stack.port}/ws/events?ticket={ticket}", open_timeout=10)
    assert refused.value.response.status_code == 403


def test_t10_a_key_that_may_not_read_gets_no_ticket(stack: Stack) -> None:
    _, token = stack.sign_up("Dee")
    with stack.api(key_of(stack, token, "sync")["key"]) as program:
        refused = program.post("events/tickets")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
