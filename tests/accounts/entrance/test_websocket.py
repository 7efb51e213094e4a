"""WebSocket authentication, by cookie and by ticket."""

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from accounts.entrance.websocket import SignedInOnly
from accounts.models import Session, User
from tests.accounts.conftest import Api, Browser, close_database_threads
from tests.conftest import PASSWORD

# Sockets have database threads of their own, which see nothing of a test's open transaction.
pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://testserver")


async def _told_who(scope: Any, receive: Any, send: Any) -> None:
    """A tiny application that accepts, and sends the person that it was given."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": scope["principal"].email})


async def _opened(path: str, *headers: tuple[bytes, bytes]) -> str | None:
    """The person's email address, or None if the socket was refused."""
    path, _, query = path.partition("?")
    scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": list(headers)}
    communicator: Any = ApplicationCommunicator
    socket = communicator(SignedInOnly(_told_who), scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(timeout=10)
    email = (await socket.receive_output())["text"] if answer["type"] == "websocket.accept" else None
    await socket.wait()
    await close_database_threads()
    return email


async def _ticket(api: Api) -> str:
    answer = await api.post("events/tickets")
    assert answer.status_code == 201
    assert answer.json()["expires_in"] <= 30
    ticket: str = answer.json()["ticket"]
    return ticket


def _cookie(browser: Browser) -> tuple[bytes, bytes]:
    return (b"cookie", f"session={browser.client.cookies['session'].value}".encode())


async def test_a_ticket_opens_one_socket(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    ticket = await _ticket(api)
    assert await _opened(f"/ws/events?ticket={ticket}") == ana.email
    assert await _opened(f"/ws/events?ticket={ticket}") is None


async def test_a_ticket_dies_with_its_session(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    ticket = await _ticket(api)
    await api.post("auth/tokens/revoke", {"refresh_token": pair["refresh_token"]})
    assert await _opened(f"/ws/events?ticket={ticket}") is None


async def test_a_page_of_ours_opens_one_with_its_cookie(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert await _opened("/ws/events", ORIGIN, _cookie(browser)) == ana.email


async def test_the_cookie_alone_or_from_a_foreign_page_is_refused(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert await _opened("/ws/events", _cookie(browser)) is None
    assert await _opened("/ws/events", (b"origin", b"https://evil.example"), _cookie(browser)) is None
    assert await _opened("/ws/events", (b"origin", b"null"), _cookie(browser)) is None
    assert await _opened("/ws/events?ticket=x", _cookie(browser)) is None


async def test_a_foreign_page_is_refused_even_with_a_ticket(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    ticket = await _ticket(api)
    assert await _opened(f"/ws/events?ticket={ticket}", (b"origin", b"https://evil.example")) is None


async def test_access_tokens_and_made_up_tickets_open_nothing(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    session = await Session.objects.aget()
    for query in (
        "",
        "?ticket=",
        "?ticket=x",
        f"?ticket={pair['access_token']}",
        f"?ticket={session.id}",
        "?ticket=%ff",
    ):
        assert await _opened(f"/ws/events{query}") is None, query
        assert await _opened(f"/ws/events{query}", ORIGIN) is None, query


async def test_a_cookie_whose_session_ended_is_refused(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    cookie = _cookie(browser)
    await browser.send("/sign-out", shown_at="/settings/profile")
    assert await _opened("/ws/events", ORIGIN, cookie) is None


async def test_a12_a_cookie_that_was_replaced_opens_no_socket(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    old = _cookie(browser)
    assert await _opened("/ws/events", old, ORIGIN) == ana.email
    await browser.send("/reauthenticate", password=PASSWORD)
    assert await _opened("/ws/events", old, ORIGIN) is None
    assert await _opened("/ws/events", _cookie(browser), ORIGIN) == ana.email
