"""Fixtures for tests of accounts: quick hashes, API programs, browsers, mails and SQL."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import AsyncClient

from accounts.models import OneTimeLink, User
from dashtam.bridge.doors import database_context, run_db
from dashtam.crypto import sealed_tokens
from notifications.models import Email
from tests.accounts.hashers import QuickHasher
from tests.conftest import PASSWORD
from tests.said import listening

QUICK_HASH = QuickHasher().encode(PASSWORD, QuickHasher().salt())


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]


@pytest.fixture
def make_user(make_user: Callable[..., User]) -> Callable[..., User]:
    """Make a person as everywhere, but hashed at the cost of these tests."""

    def make(name: str = "Ana", **fields: Any) -> User:
        user = make_user(name, **fields)
        user.password = QUICK_HASH
        user.save(update_fields=["password"])
        return user

    return make


class Api:
    """A program that speaks to the API."""

    def __init__(self) -> None:
        self.client = AsyncClient(raise_request_exception=False)
        self.token = ""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON; `path` is below /api/v1/."""
        if self.token:
            headers = {"authorization": f"Bearer {self.token}", **headers}
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return await self.client.generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=headers
        )

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return await self.call("POST", path, body, **headers)

    async def get(self, path: str, **headers: str) -> Any:
        return await self.call("GET", path, **headers)

    async def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        """Open a session, and use its access token from now on."""
        answer = await self.post("auth/tokens", {"email": email, "password": password})
        assert answer.status_code == 200, answer.content
        pair: dict[str, Any] = answer.json()
        self.token = pair["access_token"]
        return pair


@pytest.fixture
def api() -> Api:
    """A person's program."""
    return Api()


@pytest.fixture
def other_api() -> Api:
    """Another person's program, or the same person's second one."""
    return Api()


class Browser:
    """A browser that keeps cookies and sends the forms that it was shown."""

    def __init__(self) -> None:
        self.client = AsyncClient(enforce_csrf_checks=True, raise_request_exception=False)

    async def get(self, path: str, **headers: str) -> Any:
        return await self.client.get(path, headers=headers)

    async def send(self, path: str, shown_at: str = "", **fields: str) -> Any:
        """Fill in the form that is shown at a page, and send it to `path`."""
        page = await self.client.get(shown_at or path)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
        assert "csrfmiddlewaretoken" in hidden, page.content.decode()[:2000]
        return await self.client.post(path, {**hidden, **fields})

    async def sign_in(self, email: str, password: str = PASSWORD, next: str = "") -> Any:
        return await self.send("/sign-in", email=email, password=password, **({"next": next} if next else {}))


@pytest.fixture
def browser() -> Browser:
    """A person's browser."""
    return Browser()


@pytest.fixture
def other_browser() -> Browser:
    """Another person's browser."""
    return Browser()


async def close_database_threads() -> None:
    """Close the connections of all database threads, or the test database could not be emptied."""
    all_threads = threading.Barrier(django_settings.DATABASE_THREADS)

    def close() -> None:
        all_threads.wait(timeout=30)
        connection.close()

    async with database_context():
        await asyncio.gather(*(run_db(close) for _ in range(django_settings.DATABASE_THREADS)))


async def mails(kind: str) -> list[Email]:
    """The mails of a kind that were queued, oldest first."""
    return [mail async for mail in Email.objects.filter(kind=kind).order_by("created_at", "id")]


async def link_token(kind: str) -> str:
    """The token in the latest mailed link of a kind, as the mail carries it."""
    latest = (await mails(kind))[-1]
    link = await OneTimeLink.objects.aget(id=latest.context["link_id"])
    return sealed_tokens.seal(kind, link.id)


@pytest.fixture
def statements() -> Callable[[], Any]:
    """`async with statements() as said:` collects the SQL that was run meanwhile, without its values."""

    @asynccontextmanager
    async def listen() -> AsyncIterator[list[str]]:
        without_values: list[str] = []
        async with listening() as said:
            yield without_values
        without_values += [re.sub(r"'[^']*'|\b\d+\b", "?", each) for each in said]

    return listen
