"""Security headers of pages and files, and reports of their violations."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import AsyncClient

from accounts.models import User
from dashtam.operations.csp_reports import BY_ADDRESS, LARGEST
from tests.accounts.conftest import Browser
from tests.rules import ROOT

# The same bytes for everybody, under a policy without a nonce; and a file that is printed, and never served.
NO_SCRIPTS = {"docs.html", "recovery_kit.html"}
TEMPLATES = [
    path
    for path in (ROOT / "templates").rglob("*.html")
    if "email" not in path.parts and path.name not in NO_SCRIPTS
]
PAGES = ["/sign-in", "/sign-up", "/forgot-password", "/verify-email", "/nothing"]
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}


def directives(page: Any) -> dict[str, str]:
    """The page's policy, by directive."""
    parts = (part.strip().partition(" ") for part in page["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def assert_policy(page: Any, *, own_files: bool = False) -> str:
    policy = directives(page)
    nonce = re.fullmatch(r"(?:'self' )?'nonce-([\w-]{22})'", policy["script-src"])
    assert nonce
    assert policy["style-src"] == policy["script-src"]
    assert ("'self'" in policy["script-src"]) == own_files
    for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert policy[name] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in page["content-security-policy"]
    assert policy["report-to"] in page["reporting-endpoints"]
    assert {name: page[name] for name in HEADERS} == HEADERS
    assert page["referrer-policy"] in {"same-origin", "no-referrer"}
    assert "camera=()" in page["permissions-policy"]
    return nonce[1]


@pytest.mark.parametrize("path", PAGES)
async def test_i1_every_page_allows_what_carries_its_own_nonce_alone(
    async_client: AsyncClient, db: None, path: str
) -> None:
    page = await async_client.get(path)
    nonce = assert_policy(page)
    assert directives(page)["require-trusted-types-for"] == "'script'"
    loading = re.findall(
        r"<script[^>]*>|<style[^>]*>|<link[^>]*rel=\"stylesheet\"[^>]*>", page.content.decode()
    )
    assert loading
    assert all(f'nonce="{nonce}"' in tag for tag in loading)
    assert assert_policy(await async_client.get(path)) != nonce


async def test_i1_a_page_that_is_the_same_for_everybody_runs_nothing(async_client: AsyncClient) -> None:
    page = await async_client.get("/api/v1/docs")
    policy = directives(page)
    assert "script-src" not in policy
    assert (policy["default-src"], policy["style-src"], policy["form-action"]) == (
        "'none'",
        "'self'",
        "'none'",
    )
    for name in ("object-src", "base-uri", "frame-ancestors", "trusted-types"):
        assert policy[name] == "'none'"
    assert policy["report-to"] in page["reporting-endpoints"]
    assert {name: page[name] for name in HEADERS} == HEADERS
    text = page.content.decode()
    assert not re.search(r"<script|<style|<[^>]*\s(style|on[a-z]+)=", text)
    assert re.findall(r'<link rel="stylesheet" href="([^"]+)"', text) == [static("dashtam/dashtam.css")]


@pytest.fixture
def staff(make_user: Callable[..., User]) -> User:
    """A member of the support staff."""
    return make_user("Sam", is_staff=True)


async def test_i1_the_admin_may_also_load_django_s_own_files(staff: User) -> None:
    browser = Browser()
    await browser.sign_in(staff.email)
    assert_policy(await browser.get("/admin/"), own_files=True)


async def test_i1_an_answer_that_is_no_page_allows_nothing(async_client: AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/accounts", "/api/v1/nothing"):
        answer = await async_client.get(path)
        policy = directives(answer)
        for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
            assert policy[name] == "'none'"
        assert {name: answer[name] for name in HEADERS} == HEADERS


async def test_i1_https_is_kept_to_for_a_year(async_client: AsyncClient, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    for path in ("/sign-in", "/nothing", "/healthz"):
        answer = await async_client.get(path, secure=True)
        assert answer["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    foreign = await async_client.get("/sign-in", secure=True, headers={"host": "evil.example"})
    assert foreign.status_code == 400
    assert "strict-transport-security" in foreign.headers


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_i1_templates_load_nothing_without_a_nonce_and_style_nothing_inline(path: Path) -> None:
    text = path.read_text()
    for tag in re.findall(r"<(?:script|style)\b[^>]*>|<link\b[^>]*stylesheet[^>]*>", text):
        assert 'nonce="{{ csp_nonce }}"' in tag, tag
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", text)


OLD = {
    "csp-report": {
        "document-uri": "http://testserver/reset-password?token=s3cr3t",
        "effective-directive": "script-src-elem\n{}",
        "blocked-uri": "https://evil.example/x?s3cr3t",
        "script-sample": "s3cr3t",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "http://testserver/connections/start/s3cr3t",
            "effectiveDirective": "img-src",
            "blockedURL": "inline",
        },
    }
]


@pytest.mark.parametrize(
    ("kind", "sent", "told"),
    [
        ("application/csp-report", OLD, ("script-src-elem", "/reset-password", "https:evil.example")),
        ("application/reports+json", NEW, ("img-src", "/connections/start/<str:token>", "inline")),
    ],
)
async def test_i1_what_was_refused_is_logged_without_what_may_be_secret(
    async_client: AsyncClient, caplog: Any, kind: str, sent: Any, told: tuple[str, ...]
) -> None:
    answer = await async_client.post("/csp-reports", json.dumps(sent), content_type=kind)
    assert answer.status_code == 204
    (line,) = (record for record in caplog.records if record.getMessage() == "csp.violated")
    assert line.fields == dict(zip(("directive", "page", "blocked"), told, strict=True))


GARBAGE = [
    b"",
    b"[]",
    b"1",
    b'{"csp-report": 7}',
    b"[{}, null, 3]",
    b'{"csp-report": {"document-uri": "//["}}',
]


@pytest.mark.parametrize("body", GARBAGE)
async def test_a_report_that_is_none_does_no_harm(async_client: AsyncClient, body: bytes) -> None:
    answer = await async_client.post("/csp-reports", body, content_type="application/csp-report")
    assert answer.status_code in {204, 400}


async def test_reports_are_small_and_few(async_client: AsyncClient) -> None:
    large = await async_client.post(
        "/csp-reports", b" " * (LARGEST + 1), content_type="application/csp-report"
    )
    assert large.status_code == 413
    answers = [
        await async_client.post("/csp-reports", b"{}", content_type="application/csp-report")
        for _ in range(BY_ADDRESS.times)
    ]
    assert answers[0].status_code == 204
    assert answers[-1].status_code == 429
    assert int(answers[-1]["retry-after"]) > 0
