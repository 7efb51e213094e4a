"""Cookies, and the caching of answers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto import keys
from tests.accounts.conftest import Api, Browser
from tests.conftest import PASSWORD
from tests.rules import ROOT

NAMES = ["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE"]
AS_SERVED = {
    "SESSION_COOKIE_NAME": "__Host-session",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_NAME": "__Host-csrf",
    "CSRF_COOKIE_SECURE": True,
}


def test_c9_where_people_come_by_https_every_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated()}
    environment |= {"PUBLIC_URL": "https://dashtam.example.org"}
    ask = f"from dashtam import settings as s; print({{name: getattr(s, name) for name in {NAMES}}})"
    said = subprocess.run(
        [sys.executable, "-c", ask], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == str(AS_SERVED)


async def test_c9_cookies_are_out_of_reach_of_scripts_and_other_sites(
    browser: Browser, ana: User, settings: Any
) -> None:
    for name, value in AS_SERVED.items():
        setattr(settings, name, value)
    await browser.sign_in(ana.email)
    await browser.get("/settings/profile")
    cookies = browser.client.cookies
    assert {"__Host-session", "__Host-csrf"} <= set(cookies)
    for name, cookie in cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] in {"Lax", "Strict"}, name
        assert cookie["path"] == "/", name
        assert not cookie["domain"], name
        if name.startswith("__Host-"):
            assert cookie["secure"], name


async def test_c9_cookies_stay_small_whatever_people_are_called_and_wherever_they_come_from(
    browser: Browser, make_user: Any
) -> None:
    long = await run_db(make_user, "Ä" * 150, email=f"{'a' * 60}@{'b' * 60}.example.org")
    await browser.get(f"/verify-email?token={'x' * 4000}")
    await browser.get(f"/reset-password?token={'x' * 4000}")
    await browser.get(f"/sign-in?next=/{'x' * 3000}")
    await browser.send("/sign-in", email=long.email, password=PASSWORD + "!")
    await browser.sign_in(long.email)
    for name, cookie in browser.client.cookies.items():
        assert len(cookie.OutputString()) <= 4096, name


@pytest.mark.parametrize(
    "path", ["auth/me", "auth/sessions", "accounts", "transactions", "nothing", "net-worth"]
)
async def test_c9_no_answer_of_the_api_is_kept_anywhere(api: Api, ana: User, path: str) -> None:
    await api.sign_in(ana.email)
    assert (await api.get(path))["Cache-Control"] == "no-store"
    api.token = "x"
    assert (await api.get(path))["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/settings/profile", "/settings/api-keys", "/settings/data", "/sign-in"]
)
async def test_c9_no_page_is_kept_anywhere(browser: Browser, ana: User, path: str) -> None:
    await browser.sign_in(ana.email)
    answer = await browser.get(path)
    assert answer["Cache-Control"] == "no-store"
