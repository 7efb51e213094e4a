"""Requests from pages of other sites and over plain http are refused."""

import re
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient

from accounts.models import User
from dashtam.installation import server_urls
from tests.accounts.conftest import Api, Browser
from tests.dashtam.web.test_http_errors import assert_problem

APP = "https://app.example.org"
NOT_THE_APP = [
    "https://evil.example",
    "null",
    "https://app.example.org.evil.example",
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://APP.example.org@evil.example",
    "//app.example.org",
    "https://[",
]
PREFLIGHT = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}


def cors_headers(response: Any) -> set[str]:
    return {name for name in response.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, *NOT_THE_APP])
@pytest.mark.parametrize("method", ["get", "options"])
async def test_h6_no_origin_is_let_in_unless_it_is_configured(
    async_client: AsyncClient, origin: str, method: str
) -> None:
    asked = {"origin": origin, **(PREFLIGHT if method == "options" else {})}
    response = await getattr(async_client, method)("/api/v1/accounts", headers=asked)
    assert cors_headers(response) == set()


@pytest.mark.parametrize("origin", NOT_THE_APP)
async def test_h6_only_the_exact_origin_is_let_in(
    async_client: AsyncClient, settings: Any, origin: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [APP]
    response = await async_client.get("/api/v1/accounts", headers={"origin": origin})
    assert cors_headers(response) == set()
    assert "origin" in response["vary"].lower()


async def test_h6_a_configured_origin_may_call_the_api_without_cookies_and_nothing_else(
    async_client: AsyncClient, settings: Any
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [APP]
    preflight = await async_client.options("/api/v1/accounts", headers={"origin": APP, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight["access-control-allow-origin"] == APP
    assert "authorization" in preflight["access-control-allow-headers"]
    refused = await async_client.get("/api/v1/accounts", headers={"origin": APP})
    assert_problem(refused, 401, "not_authenticated")
    assert refused["access-control-allow-origin"] == APP
    assert "x-request-id" in refused["access-control-expose-headers"]
    for response in (preflight, refused):
        assert "access-control-allow-credentials" not in response.headers
    for path in ("/sign-in", "/healthz"):
        assert cors_headers(await async_client.get(path, headers={"origin": APP})) == set()


async def test_h6_cookies_open_nothing_of_the_api(ana: User, settings: Any) -> None:
    browser = Browser()
    await browser.sign_in(ana.email)
    assert (await browser.get("/settings/profile")).status_code == 200
    assert_problem(await browser.get("/api/v1/accounts"), 401, "not_authenticated")


@pytest.mark.parametrize(
    "value", ["*", "null", "https://*.example.org", f"{APP}/", "app.example.org", "https://"]
)
def test_h6_what_is_no_exact_origin_cannot_be_configured(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(repr(value))):
        server_urls.require_origin("CORS_ORIGINS", value)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/api/v1/auth/tokens", "/admin/", "/nothing"])
async def test_i4_a_page_of_another_site_changes_nothing(
    async_client: AsyncClient, site: str, path: str
) -> None:
    response = await async_client.post(
        path, headers={"sec-fetch-site": site, "origin": "https://evil.example"}
    )
    assert response.status_code == 403
    if path.startswith("/api/"):
        assert_problem(response, 403, "cross_site")
    else:
        assert "came from another site" in response.content.decode()


async def test_i4_our_own_pages_programs_and_invited_apps_may(ana: User, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [APP]
    api = Api()
    body = {"email": ana.email, "password": "wrong wrong wrong"}
    for headers in (
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": APP},
    ):
        assert_problem(await api.post("auth/tokens", body, **headers), 401, "invalid_credentials")


@pytest.mark.parametrize("method", ["get", "post"])
async def test_h8_plain_http_is_refused_to_programs_and_leads_pages_to_https(
    async_client: AsyncClient, settings: Any, method: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    refused = await getattr(async_client, method)("/api/v1/accounts", headers={"authorization": "Bearer abc"})
    assert_problem(refused, 403, "https_required")
    page = await async_client.get("/sign-in?next=/accounts")
    assert (page.status_code, page["location"]) == (301, "https://testserver/sign-in?next=/accounts")
    assert (await async_client.get("/healthz")).status_code == 200
    assert_problem(await async_client.get("/api/v1/accounts", secure=True), 401, "not_authenticated")
