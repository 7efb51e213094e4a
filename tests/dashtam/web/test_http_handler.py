"""The HTTP handler: no task of its own, bounded waits, and cancelled work when the client has gone."""

import asyncio
import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashtam.web.http_handler import HttpHandler

handler400 = "dashtam.web.problems.bad_request"
handler403 = "dashtam.web.problems.forbidden"
handler404 = "dashtam.web.problems.not_found"
handler500 = "dashtam.web.problems.server_error"


async def tasks(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(asyncio.all_tasks())))


async def waits(request: Any) -> HttpResponse:
    request.scope["begun"].set()
    try:
        await asyncio.Event().wait()
    finally:
        request.scope["ended"].set()
    raise AssertionError


async def slow(request: Any) -> HttpResponse:
    await request.scope["watched"].wait()
    return HttpResponse("late but here")


urlpatterns = [path("api/tasks", tasks), path("api/waits", waits), path("api/slow", slow)]


class Client:
    """Speaks ASGI to the handler as a server does."""

    def __init__(self, where: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self.asked = False
        self.gone = asyncio.Event()
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": where,
            "headers": [(b"host", b"testserver")],
            "client": ("127.0.0.1", 9),
            "begun": asyncio.Event(),
            "ended": asyncio.Event(),
            "watched": asyncio.Event(),
        }

    async def receive(self) -> dict[str, Any]:
        if self.asked:
            self.scope["watched"].set()  # type: ignore[attr-defined]
            await self.gone.wait()
            return {"type": "http.disconnect"}
        self.asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def ask(self) -> None:
        await HttpHandler()(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


@pytest.fixture(autouse=True)
def _our_urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


async def test_an_answer_takes_no_task_of_its_own_and_says_its_length() -> None:
    client = Client("/api/tasks")
    before = len(asyncio.all_tasks())
    await client.ask()
    assert (client.status, client.body) == (200, str(before).encode())
    assert client.headers["content-length"] == str(len(client.body))
    assert len(asyncio.all_tasks()) == before


async def test_a_request_is_answered_at_the_deadline_whatever_it_waits_for(settings: Any) -> None:
    settings.REQUEST_SECONDS = 0.05
    client = Client("/api/waits")
    await client.ask()
    problem = json.loads(client.body)
    assert client.status == problem["status"] == 503
    assert client.headers["content-type"] == "application/problem+json"
    assert client.headers["retry-after"].isdigit()
    assert problem["code"] == "deadline_exceeded"
    assert problem["request_id"] == client.headers["x-request-id"]
    assert client.scope["ended"].is_set()  # type: ignore[attr-defined]


async def test_a_request_ends_with_its_client_and_leaves_no_task() -> None:
    client = Client("/api/waits")
    before = asyncio.all_tasks()
    asking = asyncio.create_task(client.ask())
    await client.scope["begun"].wait()  # type: ignore[attr-defined]
    client.gone.set()
    await asyncio.wait_for(asking, 10)
    assert client.scope["ended"].is_set()  # type: ignore[attr-defined]
    assert client.sent == []
    assert asyncio.all_tasks() == before


async def test_a_watched_answer_arrives_whole_and_ends_the_watch() -> None:
    client = Client("/api/slow")
    before = asyncio.all_tasks()
    await client.ask()
    await asyncio.sleep(0)
    assert (client.status, client.body) == (200, b"late but here")
    assert asyncio.all_tasks() == before
