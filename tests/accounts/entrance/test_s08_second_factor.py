"""Staff without a second factor: one rule for pages, access tokens, API keys and WebSockets."""

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from accounts import wiring
from accounts.entrance.websocket import SignedInOnly
from accounts.models import SecondFactors, Totp, User
from accounts.principal import Principal
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api, close_database_threads
from tests.accounts.second_factors import code
from tests.staff import Staff


@pytest.fixture
def sam(make_user: Any) -> User:
    """A member of the staff who has no second factor."""
    user: User = make_user("Sam", is_staff=True)
    return user


async def program(user: User, *scopes: str) -> Api:
    api = Api()
    made = await wiring.api_key_service().create(user_id=user.id, name="x", scopes=[*scopes], days=7)
    api.token = made.key
    return api


async def handshake(query: str = "", cookie: str = "") -> tuple[int, Principal | None]:
    """The status that a WebSocket gets, and for whom it was opened."""
    found: list[Principal] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        found.append(scope["principal"])
        await send({"type": "websocket.http.response.start", "status": 101, "headers": []})

    headers = [(b"origin", b"http://testserver"), (b"host", b"testserver"), (b"cookie", cookie.encode())]
    scope = {"type": "websocket", "path": "/ws/events", "query_string": query.encode(), "headers": headers}
    socket: Any = ApplicationCommunicator
    page = socket(SignedInOnly(inner), {**scope, "extensions": {"websocket.http.response": {}}})
    await page.send_input({"type": "websocket.connect"})
    status = (await page.receive_output(10))["status"]
    await page.wait()
    await close_database_threads()
    return status, found[0] if found else None


CLOSED = ["accounts", "connections", "auth/me", "auth/sessions", "auth/activity", "auth/me/export"]


async def test_s08_an_access_token_opens_what_sets_a_factor_up_and_nothing_else(sam: User) -> None:
    api = Api()
    await api.sign_in(sam.email)
    for path in CLOSED:
        refused = await api.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing"), path
    for path in ("connections", "events/tickets", "auth/api-keys"):
        assert (await api.post(path, {"provider": "sandbox"})).json()["code"] == "second_factor_missing"
    secret = (await api.post("auth/mfa/totp")).json()["secret"]
    confirmed = await api.post("auth/mfa/totp/confirm", {"otp": code(secret)})
    assert confirmed.status_code == 200
    assert (await api.get("accounts")).status_code == 200


async def test_s08_an_api_key_of_staff_works_once_they_have_a_factor(sam: User, ana: User) -> None:
    api = await program(sam, "read", "manage")
    for path in ("accounts", "connections"):
        refused = await api.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing"), path
    await Totp.objects.acreate(user_id=sam.id, secret=b"x", confirmed_at=sam.created_at)
    assert await run_db(SecondFactors.enrolled, user_id=sam.id)
    assert (await (await program(sam, "read")).get("accounts")).status_code == 200
    assert (await (await program(ana, "read")).get("accounts")).status_code == 200


@pytest.mark.django_db(transaction=True)  # sockets have database threads of their own
async def test_s08_no_socket_by_cookie_or_ticket(sam: User) -> None:
    bare = await Staff.arrives(sam, mfa=False)
    cookie = f"{settings.SESSION_COOKIE_NAME}={bare.client.cookies[settings.SESSION_COOKIE_NAME].value}"
    assert await handshake(cookie=cookie) == (403, None)
    principal = Principal.of_session(bare.session)
    ticket = await wiring.ticket_service().create(principal=principal)
    assert await handshake(f"ticket={ticket}") == (403, None)
    full = await Staff.arrives(sam)
    cookie = f"{settings.SESSION_COOKIE_NAME}={full.client.cookies[settings.SESSION_COOKIE_NAME].value}"
    status, found = await handshake(cookie=cookie)
    assert (status, found.user_id if found else None) == (101, sam.id)


PAGES = ["/", "/connections", "/settings/profile", "/settings/api-keys", "/settings/data", "/imports/new"]


async def test_s08_a_cookie_opens_the_pages_that_set_a_factor_up_and_nothing_else(sam: User) -> None:
    bare = await Staff.arrives(sam, mfa=False)
    for path in [*PAGES, "/providers/sandbox/callback?state=x&code=y"]:
        away = await bare.get(path)
        assert (away.status_code, away["Location"]) == (302, "/settings/security"), path
    security = await bare.text("/settings/security")
    assert "Staff need a second factor" in security
    assert "data-live" not in security
    assert (await bare.post("/sign-out")).status_code == 303
