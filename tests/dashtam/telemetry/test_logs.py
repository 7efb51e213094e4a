"""Log lines: their fields, and the secrets and personal data they never hold."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import AsyncClient

from accounts.models import AuditEvent, User
from dashtam.telemetry import logs
from tests.accounts.conftest import Api

Lines = Callable[[], list[dict[str, Any]]]


def console() -> logging.StreamHandler[Any]:
    """The handler that the settings put in place."""
    (handler,) = (h for h in logging.getLogger().handlers if isinstance(h.formatter, logs.JsonLine))
    assert isinstance(handler, logging.StreamHandler)
    return handler


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The lines so far; each must be one JSON object."""
    caplog.set_level(logging.INFO, "dashtam")
    written = io.StringIO()
    before = console().setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    console().setStream(before)


def said(lines: Lines, message: str) -> dict[str, Any]:
    """The one line with this message."""
    (line,) = (line for line in lines() if line["message"] == message)
    return line


async def test_n2_a_request_leaves_one_line_that_says_who_what_when_and_where(
    ana: User, lines: Lines
) -> None:
    api = Api()
    await api.sign_in(ana.email)
    response = await api.get(f"accounts/{ana.id}?cursor=abc")
    line = next(line for line in lines() if line.get("route") == "/api/v1/accounts/<uuid:id>")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["request_id"] == response["x-request-id"]
    assert {name: line[name] for name in ("level", "method", "status", "user_id", "client")} == {
        "level": "info",
        "method": "GET",
        "status": response.status_code,
        "user_id": str(ana.id),
        "client": "127.0.0.0/24",
    }
    assert line["ms"] > 0


@pytest.mark.parametrize("address", ["/reset-password?token=s3cr3t-t0ken", "/connections/start/s3cr3t-t0ken"])
async def test_n2_a_line_names_the_route_and_never_the_address(
    async_client: AsyncClient, lines: Lines, address: str, db: None
) -> None:
    await async_client.get(address)
    assert said(lines, "request.answered")["route"] in {"/reset-password", "/connections/start/<str:token>"}
    assert "s3cr3t" not in json.dumps(lines())


async def test_n2_what_clients_send_cannot_forge_a_line(ana: User, lines: Lines) -> None:
    forged = 'x\n{"level":"info","message":"forged"}'
    await Api().post("auth/tokens", {"email": ana.email, "password": "wrong"}, **{"user-agent": forged})
    logging.getLogger("some.library").warning("called by %s", forged)
    assert [line for line in lines() if line["message"] == "forged"] == []
    assert said(lines, f"called by {forged}")["level"] == "warning"


def test_n2_text_for_people_is_one_line_too() -> None:
    record = logging.LogRecord(
        "some.library", logging.WARNING, "", 0, "a\nb\x1b[31m %s", ("c\r\u2028",), None
    )
    logs.request_id.set("0123456789abcdef")
    line = logs.TextLine().format(record)
    assert line.endswith(r"Z warning some.library [0123456789abcdef] a\nb\x1b[31m c\r\u2028")


def test_an_exception_is_told_without_its_message(lines: Lines) -> None:
    try:
        raise ValueError("Failing row contains (ana@example.org)")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    (line,) = lines()
    assert line["exception"].startswith("ValueError < ")
    assert "tests/dashtam/telemetry/test_logs.py:" in line["exception"]
    assert "ana@example.org" not in json.dumps(line)


def test_what_asyncio_says_of_a_lost_task_quotes_nothing(lines: Lines) -> None:
    words = "Task exception was never retrieved\nfuture: <Task finished exception=ValueError('s3cr3t')>"
    logging.getLogger("asyncio").error(words)
    (line,) = lines()
    assert line["message"] == "Task exception was never retrieved"


def test_what_a_library_says_of_a_one_time_link_does_not_hold_its_token(lines: Lines) -> None:
    logging.getLogger("some.library").warning("%s: %s", "Gone", "/connections/start/AaIDUrc8cbKpYih-_S")
    assert lines()[0]["message"] == "Gone: /connections/start/…"


def test_libraries_that_print_addresses_do_not(lines: Lines) -> None:
    for name in ("httpx", "httpcore.http11", "uvicorn.error", "uvicorn.access", "botocore.endpoint"):
        logging.getLogger(name).info('"WebSocket /ws/events?ticket=s3cr3t" [accepted]')
    assert lines() == []


@pytest.mark.django_db
def test_n2_what_happens_to_an_account_is_logged_once_it_is_true(
    lines: Lines, django_capture_on_commit_callbacks: Any
) -> None:
    somebody = uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        AuditEvent.objects.record("session.opened", user_id=somebody, session="7")
        assert lines() == []
    line = said(lines, "session.opened")
    assert (line["logger"], line["user_id"], line["detail"]) == (
        "dashtam.audit",
        str(somebody),
        {"session": "7"},
    )
