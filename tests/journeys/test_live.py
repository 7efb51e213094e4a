"""Live events on a WebSocket, for a page with a cookie and for a client with a token."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from dashtam.installation.demo.browser import Browser
from tests.stack import PASSWORD, Stack


def opened(
    stack: Stack, *, path: str = "/ws/events", origin: str | None = None, cookie: str = ""
) -> ClientConnection:
    headers = {"Cookie": cookie} if cookie else None
    url = f"ws://localhost:{stack.port}{path}"
    return connect(url, origin=origin, additional_headers=headers, open_timeout=10)  # type: ignore[arg-type]


@pytest.fixture
def cookie(stack: Stack) -> str:
    """The session cookie of a browser signed in."""
    email, _ = stack.sign_up("Lea")
    with Browser(stack.origin) as browser:
        browser.submit(browser.open("/sign-in"), "password", email=email, password=PASSWORD)
        return "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())


def test_our_own_page_may_listen(stack: Stack, cookie: str) -> None:
    with opened(stack, origin=stack.origin, cookie=cookie) as socket:
        socket.send(json.dumps({"type": "ping"}))
        assert json.loads(socket.recv(timeout=10)) == {"type": "pong"}


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:6666", "https://localhost", "null"]
)
def test_a_page_of_another_origin_may_not(stack: Stack, cookie: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(stack, origin=origin, cookie=cookie)
    assert refused.value.response.status_code == 403


def test_a_program_listens_with_a_ticket_that_works_once(stack: Stack) -> None:
    _, token = stack.sign_up("Tim")
    with stack.api(token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    with opened(stack, path=f"/ws/events?ticket={ticket}"):
        pass
    with pytest.raises(InvalidStatus) as refused:
        opened(stack, path=f"/ws/events?ticket={ticket}")
    assert refused.value.response.status_code == 403


def test_a_cookie_without_an_origin_and_an_unknown_path_are_refused(stack: Stack, cookie: str) -> None:
    for path, origin in (("/ws/events", None), ("/ws/nothing", stack.origin)):
        with pytest.raises(InvalidStatus) as refused:
            opened(stack, path=path, origin=origin, cookie=cookie)
        assert refused.value.response.status_code == 403
