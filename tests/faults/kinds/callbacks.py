"""Faults of the way back from an institution: twice, many at once, late, and in a browser that it is not for."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg

from dashtam.installation.demo.browser import Browser
from tests.faults.rows import fault
from tests.faults.world import World
from tests.stack import PASSWORD

AT_ONCE = 6
OVERDUE = b"UPDATE providers_authorizationrequest SET expires_at = now() - interval '1 second'"
LINKED = "SELECT count(*) FROM providers_connection WHERE state = 'active'"


@fault(
    "callback-repeated",
    f"the way back is taken {AT_ONCE} times at once, and again: one code is sent, one connection made",
)
def callback_repeated(world: World) -> Iterator[None]:
    email, _ = world.stack.sign_up("Ben")
    with _away(world, email) as (browser, way_back):
        calls, linked = world.token_calls(), world.count(LINKED)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: _taken(browser, way_back), range(AT_ONCE)))
        answers.append(_taken(browser, way_back))
        world.expect({answer.status_code for answer in answers} == {303}, f"answers were {answers}")
        good = [answer for answer in answers if "/connections/failed" not in answer.headers["location"]]
        world.expect(len(good) == 1, f"{len(good)} of the ways back led to a connection")
        _expect(world, calls + 1, linked + 1)
    yield


@fault(
    "callback-foreign",
    "the way back is taken by a stranger, by another person, and too late: no code is sent, nothing is connected",
)
def callback_foreign(world: World) -> Iterator[None]:
    email, _ = world.stack.sign_up("Cai")
    calls, linked = world.token_calls(), world.count(LINKED)
    with _away(world, email) as (browser, way_back), _signed_in(world, world.email) as other:
        stolen = Browser(world.stack.origin)  # with the link's own cookie, and another person's session
        stolen.client.cookies.update(other.client.cookies)
        for cookie in browser.client.cookies.jar:
            if cookie.name.endswith("link"):
                stolen.client.cookies.set(cookie.name, cookie.value or "", domain=cookie.domain)
        with stolen, Browser(world.stack.origin) as stranger:
            for who, one in (("a stranger", stranger), ("another", other), ("a thief", stolen)):
                answer = _taken(one, way_back)
                refused = answer.status_code == 303 and "failed" in answer.headers["location"]
                world.expect(refused, f"{who} was answered {answer.status_code} {answer.headers}")
        with psycopg.connect(world.stack.environment["MIGRATION_DATABASE_URL"], autocommit=True) as database:
            database.execute(OVERDUE)
        late = _taken(browser, way_back)
        world.expect("failed" in late.headers["location"], f"too late, it led to {late.headers['location']}")
    _expect(world, calls, linked)
    yield


def _expect(world: World, calls: int, linked: int) -> None:
    world.expect(world.token_calls() == calls, f"{world.token_calls() - calls} codes too many were sent")
    world.expect(world.count(LINKED) == linked, f"{world.count(LINKED) - linked} connections too many")


@contextmanager
def _signed_in(world: World, email: str) -> Iterator[Browser]:
    with Browser(world.stack.origin) as browser:
        browser.submit(browser.open("/sign-in"), "password", email=email, password=PASSWORD)
        yield browser


@contextmanager
def _away(world: World, email: str) -> Iterator[tuple[Browser, str]]:
    """A person's browser that has left for the institution, and the address that sends it back."""
    with _signed_in(world, email) as browser:
        token = world.stack.sign_in(email)
        with world.stack.api(token) as api:
            started = api.post("connections", json={"provider": "sandbox"}).json()
        consent = browser.submit(browser.open(started["authorization_url"]), "/connections/start/")
        yield browser, world.stack.bank.decide(str(consent.url), customer="ben")


def _taken(browser: Browser, way_back: str) -> httpx.Response:
    """One way back, in a connection of its own, as of one browser with several windows."""
    with contextlib.closing(httpx.Client(timeout=30, trust_env=False)) as window:
        window.cookies.update(browser.client.cookies)
        return window.get(way_back)
