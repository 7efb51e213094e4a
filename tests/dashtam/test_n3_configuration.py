"""A plain deployment reveals no internals and passes Django's own deployment check."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashtam.asgi import application
from dashtam.crypto import keys

ROOT = Path(__file__).resolve().parent.parent.parent


def test_n3_djangos_deployment_check_is_clean(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated()}
    environment |= {"PUBLIC_URL": "https://dashtam.example.org", "TRUSTED_PROXIES": "127.0.0.1"}
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/.dashtam/secrets.env",
        "/static/../.env",
        "/static/../../.git/config",
        "/static/%2e%2e/.env",
        "/static/..%2f.env",
        "/manage.py",
        "/dashtam/settings.py",
        "/static//etc/passwd",
    ],
)
async def test_n3_no_file_but_the_static_ones_can_be_had(path: str, db: None) -> None:
    status, body = await get(path)
    assert status in (400, 404)
    for told in (b"SECRET_KEY", b"repositoryformatversion", b"root:"):
        assert told not in body


async def get(path: str) -> tuple[int, bytes]:
    """Asked of the whole application, static files included, as a server passes it on."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    gone = asyncio.Event()
    first = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if first:
            return first.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
