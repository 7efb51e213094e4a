"""The clock of a consent: its person is told once in time, and may have its end in their calendar."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import AsyncClient
from django.utils import timezone
from icalendar import Calendar

from accounts.models import User
from notifications.models import Email
from providers import wiring
from providers.connections.models import Connection
from tests.providers.pages.browsing import Browser
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


async def consent(user: User, *, left: timedelta, life: timedelta = 90 * DAY, **more: Any) -> Connection:
    now = timezone.now()
    return await Connection.objects.acreate(
        **{"user_id": user.id, "provider": "toy", "state": "active"} | more,
        consent_given_at=now + left - life,
        consent_expires_at=now + left,
    )


async def told(user: User) -> list[str]:
    mails = Email.objects.filter(user_id=user.id, kind="connection_needs_attention").order_by("created_at")
    return [mail.context["reason"] async for mail in mails]


@pytest.mark.parametrize(
    ("life", "left", "tells"),
    [
        (90, 10, False),
        (90, 8.5, True),
        (1, 1, True),
        (7, 1.1, False),
        (7, 0.9, True),
        (365, 15, False),
        (365, 13, True),
    ],
)
async def test_t12_its_person_is_told_once_in_time(ana: User, life: float, left: float, tells: bool) -> None:
    connection = await consent(ana, left=left * DAY, life=life * DAY)
    service = wiring.consent_service()
    assert [await service.review(), await service.review()] == [int(tells), 0]
    assert await told(ana) == ["consent_expiring"] * tells
    await connection.arefresh_from_db()
    assert connection.state == ("expiring" if tells else "active")


async def test_t12_a_sync_that_noticed_first_does_not_swallow_the_mail(ana: User) -> None:
    await consent(ana, left=2 * DAY, state="expiring", state_reason="consent_expiring")
    await wiring.consent_service().review()
    assert await told(ana) == ["consent_expiring"]


async def test_t12_a_renewed_consent_is_told_anew(ana: User) -> None:
    connection = await consent(ana, left=2 * DAY)
    await wiring.consent_service().review()
    later = timezone.now() + 3 * DAY
    await Connection.objects.filter(id=connection.id).aupdate(consent_expires_at=later, state="active")
    await wiring.consent_service().review()
    assert len(await told(ana)) == 2


def events(feed: bytes) -> list[tuple[str, Any, Any]]:
    found: Any = Calendar.from_ical(feed)
    return [
        (str(each["SUMMARY"]), each["DTSTART"].dt, each.walk("VALARM")[0]["TRIGGER"].dt)
        for each in found.walk("VEVENT")
    ]


async def test_t12_the_ends_of_consents_are_a_calendar(ana: User, ben: User) -> None:
    connection = await consent(ana, left=60 * DAY, provider="sandbox")
    await consent(ben, left=60 * DAY, provider="sandbox")
    await Connection.objects.acreate(user_id=ana.id, provider="sandbox", state="active")
    browser = await Browser().sign_in(ana)
    assert "connections/calendar.ics" in (await browser.get("/connections")).content.decode()
    page = await browser.get("/connections/calendar.ics")
    assert page["Content-Type"].startswith("text/calendar")
    assert connection.consent_expires_at is not None
    end = connection.consent_expires_at.replace(microsecond=0)
    assert events(page.content) == [("Permission at Sandbox Bank ends", end, -14 * DAY)]


async def test_t12_a_calendar_program_signs_in_with_an_api_key_alone(ana: User) -> None:
    await consent(ana, left=60 * DAY, provider="sandbox")
    api = await signed_in(ana)
    key = (await api.post("auth/api-keys", {"name": "Calendar", "scopes": ["read"]})).json()["key"]

    async def answered(password: str) -> Any:
        header = "Basic " + base64.b64encode(f"ana:{password}".encode()).decode()
        return await AsyncClient().get("/api/v1/connections/calendar", headers={"Authorization": header})

    feed = await answered(key)
    assert (feed.status_code, len(events(feed.content))) == (200, 1)
    assert [(await answered(wrong)).status_code for wrong in ("pa55-word", f"{key[:-1]}x", api.token)] == [
        401
    ] * 3
    elsewhere = {"Authorization": "Basic " + base64.b64encode(f"ana:{key}".encode()).decode()}
    assert (await AsyncClient().get("/api/v1/accounts", headers=elsewhere)).status_code == 401
