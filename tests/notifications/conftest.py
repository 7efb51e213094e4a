"""A real mail service simulator, and small servers that misbehave as mail services do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer

SENDER = "Dashtam <mail@dashtam.example>"
SES_SETTINGS = {
    "EMAIL_PROVIDER": "ses",
    "AWS_REGION": "eu-central-1",
    "AWS_SES_REGION_NAME": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-real-key",
    "DEFAULT_FROM_EMAIL": SENDER,
}


class Ses:
    """The simulator, as the person who owns the AWS account sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self) -> None:
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False).raise_for_status()

    def verify(self, address: str) -> None:
        scope = "Credential=AKIAEXAMPLE/20261122/eu-central-1/ses/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        form = {"Action": "VerifyEmailIdentity", "EmailAddress": address, "Version": "2010-12-01"}
        httpx.post(self.url, data=form, headers=headers, trust_env=False).raise_for_status()

    def sent(self) -> list[dict[str, Any]]:
        data = httpx.get(f"{self.url}/moto-api/data.json", trust_env=False).json()
        return [
            message for kind in ("Message", "RawMessage") for message in data.get("ses", {}).get(kind, [])
        ]


@pytest.fixture(scope="session")
def _moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def ses(_moto: str, settings: Any) -> Ses:
    """Mail goes to the simulator, from a verified sender."""
    for name, value in SES_SETTINGS.items():
        setattr(settings, name, value)
    settings.AWS_SES_REGION_ENDPOINT_URL = _moto
    service = Ses(_moto)
    service.reset()
    service.verify("mail@dashtam.example")
    return service


class Answers:
    """A mail service that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b'{"MessageId": "m-1"}', dict[str, str]()
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.hang = threading.Event()
        self.hang.set()

    def give(self, status: int, error: str = "", body: bytes | None = None, **headers: str) -> None:
        self.status, self.headers = status, headers
        if error:
            self.headers["x-amzn-ErrorType"] = error
        self.body = json.dumps({"message": "no"}).encode() if body is None else body


@pytest.fixture
def answers(settings: Any) -> Iterator[Answers]:
    """Mail goes to a service that answers as the test says."""
    service = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.requests.append((self.path, dict(self.headers), body))
            service.hang.wait(30)
            self.send_response(service.status)
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(service.body)))
            self.end_headers()
            self.wfile.write(service.body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name, value in SES_SETTINGS.items():
        setattr(settings, name, value)
    settings.AWS_SES_REGION_ENDPOINT_URL = f"http://127.0.0.1:{server.server_port}"
    yield service
    service.hang.set()
    server.shutdown()
    server.server_close()
    thread.join()
