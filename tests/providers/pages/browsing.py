"""A browser for tests of pages, signed in without the password form."""

import html
import re
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import AsyncClient

from accounts.models import Session, User
from dashtam.bridge.doors import run_db
from tests.said import listening


class Browser:
    """Keeps cookies, and sends forms with the CSRF token of the last page."""

    def __init__(self) -> None:
        self.client = AsyncClient(enforce_csrf_checks=True)
        self.token = ""

    async def sign_in(self, user: User) -> "Browser":
        """Open a session as the sign-in page does."""
        session = Session.objects.made(
            user_id=user.id, kind=Session.Kind.BROWSER, user_agent="Firefox", ip=None
        )
        await run_db(session.save)
        store = SessionStore()
        store["sid"] = str(session.id)
        self.client.cookies[settings.SESSION_COOKIE_NAME] = str(store._get_session_key())
        return self

    async def get(self, path: str, query: Any = None, **headers: str) -> Any:
        answer = await self.client.get(path, query, headers=headers)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.content.decode())
        self.token = found[1] if found else self.token
        return answer

    async def post(self, path: str, **fields: Any) -> Any:
        """Send a form as it came with the last page."""
        return await self.client.post(path, {"csrfmiddlewaretoken": self.token, **fields})

    def text(self, answer: Any) -> str:
        """The text of the page, without tags and with single spaces."""
        words = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
        return re.sub(r"\s+", " ", words)


async def queries_of(browser: Browser, path: str) -> int:
    """The number of queries that a page makes."""
    await browser.get("/connections/new")  # so that the session is in the cache
    async with listening() as said:
        assert (await browser.get(path)).status_code == 200
    # Once a second one request also reads which sessions have ended; that query is not the page's own.
    return len([each for each in said if "revoked_at" not in each])


def link(answer: Any, words: str) -> str:
    """The URL of the paging link with these words, without its anchor."""
    found = re.search(
        rf'rel="\w+" href="([^"#]*)[^>]*>(?:<svg(?:(?!</svg>).)*</svg>)?{words}', answer.content.decode()
    )
    assert found, f"no link {words}"
    return html.unescape(found[1])


async def signed_in(user: User) -> Browser:
    return await Browser().sign_in(user)
