"""Support staff in tests: a browser signed in with a second factor."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import AsyncClient, RequestFactory
from django.utils import timezone

from accounts.entrance import cookie
from accounts.models import Session, User
from dashtam.bridge.doors import run_db


class Staff:
    """A colleague at work."""

    def __init__(self, user: User, session: Session) -> None:
        self.user, self.session = user, session
        self.client = AsyncClient(raise_request_exception=False)
        request: Any = RequestFactory().get("/")
        request.session = import_module(settings.SESSION_ENGINE).SessionStore()
        cookie.sign_in(request, session)
        request.session.save()
        self.client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key

    @classmethod
    async def arrives(cls, user: User, *roles: str, mfa: bool = True, minutes_ago: int = 0) -> "Staff":
        """Sign a colleague in, `minutes_ago`, with these roles."""
        return await run_db(cls._arrives, user, roles, mfa, minutes_ago)

    @classmethod
    def _arrives(cls, user: User, roles: tuple[str, ...], mfa: bool, minutes_ago: int) -> "Staff":
        user.groups.set(Group.objects.filter(name__in=roles))
        then = timezone.now() - timedelta(minutes=minutes_ago)
        later = timezone.now() + timedelta(days=14)
        session = Session.objects.create(
            user=user,
            kind=Session.Kind.BROWSER,
            mfa=mfa,
            authenticated_at=then,
            created_at=then,
            expires_at=later,
            idle_expires_at=later,
        )
        return cls(user, session)

    async def get(self, path: str, **query: str) -> Any:
        return await self.client.get(path, query)

    async def post(self, path: str, **form: Any) -> Any:
        return await self.client.post(path, form)

    async def text(self, path: str, **query: str) -> str:
        """A page that must be there."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
        return str(answer.content.decode())

    async def say_why(
        self, user: User, reason: str = "They asked why their balance is old.", **more: str
    ) -> Any:
        """Give a reason to see a person's numbers."""
        return await self.post(f"/admin/accounts/user/{user.id}/look/", reason=reason, **more)
