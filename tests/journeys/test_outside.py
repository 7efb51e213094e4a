"""The surface for strangers: no private file, no names of software, no headers missing, no malformed HTTP."""

import re
import socket

import httpx
import pytest

from tests.stack import Stack

WORDS = """.env .env.example .git .git/config .git/HEAD .gitignore .htaccess .svn/entries .DS_Store manage.py Makefile
uv.lock pyproject.toml README.md dashtam/settings.py server-status phpinfo.php wp-login.php debug __debug__/ console
actuator actuator/env backup.sql dump.sql db.sqlite3 config.json secrets.env .dashtam/secrets.env static static/
static/.git/config static/..%2f..%2f.env static/../manage.py static//etc/passwd static/dashtam static/dashtam/
media/ api api/ api/v1 api/v1/ swagger swagger.json graphql rest_framework/ jsi18n/ robots.txt"""


def test_h7_nothing_that_is_not_meant_for_the_public_is_there(stack: Stack) -> None:
    for word in WORDS.split():
        answer = httpx.get(f"{stack.origin}/{word}", trust_env=False)
        assert answer.status_code == 404, word
        assert "SECRET_KEY" not in answer.text


def test_h7_no_answer_names_what_it_runs_on(stack: Stack) -> None:
    for path in ("/sign-in", "/nothing", "/healthz", "/api/v1/docs", "/static/dashtam/dashtam.css"):
        answer = httpx.get(f"{stack.origin}{path}", trust_env=False)
        assert {"server", "x-powered-by", "via"}.isdisjoint(answer.headers)
        assert not re.search(r"uvicorn|django[/ ]\d|python/", answer.text, flags=re.IGNORECASE), path


@pytest.mark.parametrize(
    "file", ["dashtam/dashtam.css", "dashtam/live.js", "dashtam/favicon.svg", "admin/js/theme.js"]
)
def test_i1_files_allow_nothing_of_their_own(stack: Stack, file: str) -> None:
    answer = httpx.get(f"{stack.origin}/static/{file}", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert httpx.post(f"{stack.origin}/static/{file}", trust_env=False).status_code == 405


NOT_HTTP = [
    b"GARBAGE\r\n\r\n",
    b"GET /api/v1/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/accounts HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
]


@pytest.mark.parametrize("sent", NOT_HTTP)
def test_h1_what_is_no_http_is_refused_and_the_connection_closed(stack: Stack, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 400 ")
    assert b"server:" not in head
    assert b"traceback" not in answer.lower()
