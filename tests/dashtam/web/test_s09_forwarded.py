"""What a proxy says of a request is believed from TRUSTED_PROXIES only; all cookies are bound to the host."""

from typing import Any

import pytest
from django.test import AsyncClient

from accounts.models import User
from tests.accounts.conftest import Browser


@pytest.mark.parametrize(
    ("proxies", "headers", "secure"),
    [
        (["127.0.0.1"], {"x-forwarded-proto": "https"}, True),
        (["127.0.0.0/8"], {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}, True),
        (["127.0.0.1"], {}, False),
        (["127.0.0.1"], {"x-forwarded-proto": "http"}, False),
        (["10.0.0.1"], {"x-forwarded-proto": "https"}, False),
        (["10.0.0.1"], {"x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1"}, False),
        ([], {"x-forwarded-proto": "https"}, False),
    ],
)
async def test_s09_the_protocol_is_believed_from_a_trusted_proxy_alone(
    async_client: AsyncClient, settings: Any, proxies: list[str], headers: dict[str, str], *, secure: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if proxies else None
    settings.SECURE_HSTS_SECONDS = 60
    answer = await async_client.get("/api/v1/accounts", headers=headers)
    assert ("strict-transport-security" in answer.headers) == secure


async def test_s09_over_plain_http_past_the_proxy_no_token_is_taken(settings: Any, db: None) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    answer = await AsyncClient().get("/api/v1/accounts", headers={"x-forwarded-proto": "https"})
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")


async def test_s09_every_cookie_is_bound_to_the_host_where_people_come_by_https(
    ana: User, settings: Any
) -> None:
    browser = Browser()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    for name in ("SESSION", "CSRF", "DEVICE"):
        setattr(settings, f"{name}_COOKIE_NAME", f"__Host-{name.lower()}")
    await browser.sign_in(ana.email)
    await browser.send("/sign-out", shown_at="/")
    cookies = browser.client.cookies
    assert "__Host-messages" in cookies
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert cookie["secure"]
    assert "You are signed out" in (await browser.get("/sign-in")).content.decode()
    assert not browser.client.cookies["__Host-messages"].value
