"""A storm of sign-ins, seen from the operations page: a criterion breaks, and heals afterwards."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.benchmarks.crowd import Plan, watch
from tests.stack import PASSWORD, Stack

SECONDS = 8
MAKE = f"""
from importlib import import_module
from datetime import timedelta
from django.conf import settings
from django.test import RequestFactory
from django.utils import timezone
from accounts.entrance import cookie
from accounts.models import Session, User
from accounts.wiring import password_service
known = password_service().hash_password({PASSWORD!r})
fields = dict(password_hash=known, email_verified_at=timezone.now())
for n in range(40):
    User.objects.create_hashed(email=f"crowd{{n}}@example.org", name="Crowd", **fields)
root = User.objects.create_hashed(
    email="root@example.org", name="Root", is_staff=True, is_superuser=True, **fields)
later = timezone.now() + timedelta(days=1)
session = Session.objects.create(
    user=root, kind="browser", mfa=True, authenticated_at=timezone.now(), expires_at=later, idle_expires_at=later)
request = RequestFactory().get("/")
request.session = import_module(settings.SESSION_ENGINE).SessionStore()
cookie.sign_in(request, session)
request.session.save()
print("cookie", settings.SESSION_COOKIE_NAME, request.session.session_key)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(ready="/healthz", TRUSTED_PROXIES="127.0.0.1", METRICS_SAMPLE_SECONDS="1") as running:
        yield running


def states(page: Page, stack: Stack) -> dict[str, str]:
    """The state of each criterion on the page now, judged by the last few seconds."""
    page.goto(f"{stack.origin}/admin/operations/?window={SECONDS}&refresh=off")
    titles = page.locator(".criterion h3").all_inner_texts()
    return {re.sub(r"\s+(holding|broken|nothing to judge)$", "", text): text.split()[-1] for text in titles}


CROWD = "Over 100 people can sign in at once without trouble"


def test_a_criterion_breaks_during_a_storm_and_heals_after_it(
    stack: Stack, chromium: Browser, complaints: list[str], pictures: Path
) -> None:
    made = stack.manage("shell", "-c", MAKE)
    name, key = re.findall(r"^cookie (\S+) (\S+)$", made.stdout, flags=re.MULTILINE)[0]
    _, token = stack.sign_up()
    with stack.api(token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    context.add_cookies([{"name": name, "value": key, "url": stack.origin}])
    page = context.new_page()
    stack.wait_for(lambda: states(page, stack)[CROWD] != "broken", "a quiet beginning")
    people = [f"{who}{n}@example.org" for n in range(40) for who in ("crowd", "nobody")]
    plan = Plan(stack.port, token, ticket, people, PASSWORD, seconds=6)
    storm = threading.Thread(target=watch, args=(plan,))
    storm.start()
    stack.wait_for(lambda: states(page, stack)[CROWD] == "broken", "the criterion to break")
    page.screenshot(path=pictures / "operations-broken.png", full_page=True)
    storm.join()
    stack.wait_for(lambda: "broken" not in states(page, stack).values(), "the criteria to heal")
    page.screenshot(path=pictures / "operations-healed.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=pictures / "operations-phone-dark.png", full_page=True)
    violations = Axe().run(page, context=".operations").response["violations"]
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert sideways <= 0
    assert [(one["id"], one["nodes"][0]["target"]) for one in violations] == []
    assert complaints == []
