"""P10: calls made on the event loop, against a hop to a thread and back, and against a bound for the loop."""

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from dashtam.installation.demo.browser import Browser
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene
from tests.stack import PASSWORD

TIMES = 3_000
LOOP_MS = 20  # the longest that the event loop may be held up by one thing
PAGE_MS = 100  # beside its rows, for a page deep in a large account: sums, menus, and writing it


def _each(function: Callable[[], object], *, times: int = TIMES) -> float:
    """Microseconds of one call, the median: so that other load does not count."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


async def _hop() -> float:
    """Microseconds from the event loop to a thread and back, without other load."""
    loop = asyncio.get_running_loop()
    took = []
    with ThreadPoolExecutor(1) as pool:
        for _ in range(TIMES):
            started = time.perf_counter()
            await loop.run_in_executor(pool, int)
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


def measure(scene: Scene) -> list[Row]:
    """Measure with Django set up, on rows of one person."""
    from accounts.wiring import jwt_service
    from dashtam.wiring import encryption_service

    tokens, envelopes = jwt_service(), encryption_service()
    token = tokens.create_access_token(user_id=uuid4(), session_id=uuid4()).token
    sealed = envelopes.encrypt(b"x" * 200, row="benchmarks/1/token")
    read = _each(lambda: tokens.decode_access_token(token))
    opened = _each(lambda: envelopes.decrypt(sealed, row="benchmarks/1/token"))
    rows, letter, page = _encoding(scene), _letter(), _page(scene)
    hop = asyncio.run(_hop())
    return [
        row("P10.jwt", "reading an access token", read, "µs", yardstick=100, at_most=1.0),
        row("P10.aes", "opening an envelope", opened, "µs", yardstick=100, at_most=1.0),
        row("P10.hop", "reading an access token ÷ a hop to a thread", read, "µs", yardstick=hop, at_most=1.5),
        # What holds the loop up must not do so for longer than people and sockets can wait without noticing.
        row("P10.json", "500 transactions as JSON", rows / 1e3, "ms", yardstick=LOOP_MS, at_most=1.0),
        row("P10.mail", "writing a mail", letter / 1e3, "ms", yardstick=LOOP_MS, at_most=1.0),
        # More than that, with its questions, so it is rendered on a thread, where it holds nobody up.
        row(
            "P10.page",
            "50 of a million transactions as a page, beyond the rows",
            page,
            "ms",
            yardstick=PAGE_MS,
            at_most=1.0,
        ),
    ]


def _encoding(scene: Scene) -> float:
    from dashtam.api.views import encode

    path = f"/api/v1/accounts/{scene.account}/transactions?limit=500"
    rows = scene.get(scene.local, path).json()["results"]
    shown = [
        {name: UUID(value) if name.endswith("id") else value for name, value in each.items()} for each in rows
    ]
    return _each(lambda: encode({"results": shown, "next_cursor": None}), times=200)


def _letter() -> float:
    from accounts.models import User
    from notifications import messages
    from notifications.models import Email

    user = User(email="ana@example.org", name="Ana")
    mail = Email(id=uuid4(), user=user, to=user.email, kind="password_changed", context={"ip": "192.0.2.1"})
    return _each(lambda: messages.render(mail).mime(), times=200)


def _page(scene: Scene) -> float:
    """Milliseconds of the page, less those of the same rows by the API: the cost of Django's templates.

    Each time another page of the list, for one that was written a moment ago is kept.
    """
    with Browser(scene.stack.origin) as browser, scene.stack.api(scene.token) as api:
        rows = f"accounts/{scene.account}/transactions"
        cursors = [api.get(rows).json()["next_cursor"]]
        for _ in range(99):
            cursors.append(api.get(rows, params={"cursor": cursors[-1]}).json()["next_cursor"])
        browser.submit(browser.open("/sign-in"), "password", email=scene.email, password=PASSWORD)
        assert browser.open(f"/accounts/{scene.account}").status_code == 200
        shown, read = iter(cursors), iter(cursors)
        page = _each(lambda: browser.open(f"/accounts/{scene.account}?cursor={next(shown)}"), times=100)
        data = _each(lambda: api.get(rows, params={"cursor": next(read)}), times=100)
    return (page - data) / 1e3
