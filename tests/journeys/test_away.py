"""Answers while PostgreSQL and Valkey are away or hang, and of pages that need neither."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from accounts.services.jwt_service import JWTService
from dashtam.installation.demo.processes import Processes
from tests.stack import free_port

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


class Web:
    """One web process whose servers are away, and the session of a person signed in before."""

    def __init__(self, servers_at: int) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.logs = Path(tempfile.mkdtemp(prefix="dashtam-away-"))
        environment = {
            "DATABASE_URL": f"postgresql://somebody@127.0.0.1:{servers_at}/nothing",
            "REDIS_URL": f"redis://127.0.0.1:{servers_at}/0",
            "DASHTAM_HOME": os.environ["DASHTAM_HOME"],
            "PUBLIC_URL": self.origin,
            "PORT": str(self.port),
        }
        self.processes = Processes(logs=self.logs, environment=environment)
        self.processes.start("web", "manage.py", "serve", "--port", str(self.port))
        self.processes.wait_for("web", f"{self.origin}/healthz")
        jwts = JWTService(keys=settings.JWT_KEYS, issuer=self.origin, audience=self.origin, lifetime=600)
        token = jwts.create_access_token(user_id=uuid4(), session_id=uuid4()).token
        self.bearer = {"Authorization": f"Bearer {token}"}
        session = SessionStore()
        session["sid"] = str(uuid4())
        session.save()
        self.cookie = {"Cookie": f"session={session.session_key}"}

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        with httpx.Client(base_url=self.origin, trust_env=False, timeout=60) as client:
            return client.request(method, path, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["closed", "silent"])
def web(request: pytest.FixtureRequest) -> Iterator[Web]:
    """The web process, with the servers' ports closed, or open to listeners that never answer."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        if request.param == "silent":
            port.listen(512)
        running = Web(port.getsockname()[1])
        yield running
        running.processes.stop()


def assert_problem(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) >= PROBLEM
    assert (body["status"], body["request_id"]) == (status, response.headers["x-request-id"])
    return str(body["code"])


def test_h1_programs_are_told_to_come_back(web: Web) -> None:
    guess = {"email": "ana@example.org", "password": "a quiet river at dawn"}
    calls = [
        ("GET", "/api/v1/accounts", {"headers": web.bearer}),
        ("GET", "/api/v1/net-worth", {"headers": web.bearer}),
        ("GET", "/api/v1/auth/me", {"headers": web.bearer}),
        ("POST", "/api/v1/connections", {"headers": web.bearer, "json": {"provider": "sandbox"}}),
        ("POST", "/api/v1/auth/tokens", {"json": guess}),
        ("POST", "/api/v1/auth/users", {"json": {**guess, "name": "Ana"}}),
        ("POST", "/api/v1/auth/password-resets", {"json": {"email": guess["email"]}}),
        ("POST", "/api/v1/auth/tokens/refresh", {"json": {"refresh_token": "garbage"}}),
    ]
    with ThreadPoolExecutor(len(calls)) as together:
        answers = list(together.map(lambda call: web.ask(call[0], call[1], **call[2]), calls))
    for (_, path, _), answer in zip(calls, answers, strict=True):
        if path.endswith("refresh"):
            assert answer.status_code in {401, 503}  # garbage may be refused without asking a server
            continue
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


def test_h1_people_are_told_to_come_back(web: Web) -> None:
    paths = ("/", "/connections", "/settings/profile", "/admin/", "/connections/start/abc")
    with ThreadPoolExecutor(len(paths)) as together:
        answers = list(together.map(lambda path: web.ask("GET", path, headers=web.cookie), paths))
    for path, answer in zip(paths, answers, strict=True):
        assert answer.status_code == 503, path
        assert answer.headers["content-type"].startswith("text/html")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["x-request-id"] in answer.text
        assert "busy or under maintenance" in answer.text
    assert web.ask("GET", "/sign-in").status_code == 200


def test_h1_live_events_are_refused_in_form(web: Web) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://localhost:{web.port}/ws/events",
            additional_headers=web.cookie,
            origin=Origin(web.origin),
            open_timeout=60,
        )
    response = refused.value.response
    assert response.status_code == 503
    assert json.loads(response.body or b"")["code"] == "database_unavailable"
    assert int(response.headers["retry-after"]) > 0


def test_h1_what_needs_neither_works(web: Web) -> None:
    assert web.ask("GET", "/healthz").json() == {"status": "ok"}
    ready = web.ask("GET", "/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] == ready.json()["checks"]["cache"] == "unreachable"
    assert assert_problem(web.ask("GET", "/api/v1/nothing"), 404) == "not_found"
    assert (
        assert_problem(web.ask("GET", "/api/v1/accounts", headers={"host": "evil.example"}), 400)
        == "bad_host"
    )
    assert assert_problem(web.ask("GET", "/ws/events"), 426) == "upgrade_required"


def test_n2_every_line_is_an_object_and_none_says_more_than_it_should(web: Web) -> None:
    told = (web.logs / "web.log").read_text().splitlines()
    lines = [json.loads(line) for line in told if line.startswith("{")]
    assert [line for line in told if not line.startswith(("{", "INFO:"))] == []
    assert {"request.answered", "request.postponed"} <= {line["message"] for line in lines}
    assert "exception.unhandled" not in {line["message"] for line in lines}
    assert "127.0.0.1:" not in "".join(told[5:])
