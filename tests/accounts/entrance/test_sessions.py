"""Sessions: seen, ended, and gone at once everywhere."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer
from django.utils import timezone

from accounts.models import Session, User
from accounts.principal import Principal
from accounts.tasks import announce_ended_sessions
from accounts.wiring import ended_sessions
from dashtam.bridge.doors import run_db
from dashtam.cache import cache, close_cache
from notifications.services.live_event_service import group_of
from tests.accounts.conftest import Api
from tests.conftest import PASSWORD
from tests.jobs import queued, run_now

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


async def _cache_at(url: str, settings: Any) -> None:
    await close_cache()
    settings.REDIS_URL = url


async def test_c7_people_see_where_they_are_signed_in(api: Api, other_api: Api, ana: User, ben: User) -> None:
    await other_api.sign_in(ben.email)
    body = {"email": ana.email, "password": PASSWORD}
    await api.post("auth/tokens", body, **{"user-agent": "Firefox on Linux\x07"})
    await api.sign_in(ana.email)
    listed = (await api.get("auth/sessions")).json()
    assert listed["next_cursor"] is None
    assert [row["current"] for row in listed["results"]] == [True, False]
    assert listed["results"][1]["user_agent"] == "Firefox on Linux"
    assert set(listed["results"][0]) == {
        "id",
        "current",
        "kind",
        "user_agent",
        "ip",
        "created_at",
        "last_seen_at",
    }


async def test_c6_an_ended_session_s_tokens_stop_working_at_once(api: Api, other_api: Api, ana: User) -> None:
    pair = await other_api.sign_in(ana.email)
    assert (await other_api.get("auth/me")).status_code == 200  # now it is in the cache
    await api.sign_in(ana.email)
    (other,) = [row for row in (await api.get("auth/sessions")).json()["results"] if not row["current"]]
    assert (await api.call("DELETE", f"auth/sessions/{other['id']}")).status_code == 204
    assert (await other_api.get("auth/me")).status_code == 401
    refreshed = await other_api.post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await api.get("auth/me")).status_code == 200
    assert (await api.call("DELETE", f"auth/sessions/{other['id']}")).status_code == 404


async def test_c6_revoking_the_refresh_token_ends_the_session(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    assert (await api.get("auth/me")).status_code == 200
    for _ in range(2):
        answer = await api.post("auth/tokens/revoke", {"refresh_token": pair["refresh_token"]})
        assert answer.status_code == 204
    assert (await api.get("auth/me")).status_code == 401
    assert (await api.post("auth/tokens/revoke", {"refresh_token": "never was one"})).status_code == 204


async def test_c7_ending_all_others_leaves_this_one(api: Api, other_api: Api, ana: User, ben: User) -> None:
    bens = Api()
    await bens.sign_in(ben.email)
    await other_api.sign_in(ana.email)
    await api.sign_in(ana.email)
    assert (await api.call("DELETE", "auth/sessions")).status_code == 204
    assert (await other_api.get("auth/me")).status_code == 401
    assert (await api.get("auth/me")).status_code == 200
    assert (await bens.get("auth/me")).status_code == 200


async def test_c7_other_people_s_sessions_do_not_exist(
    api: Api, other_api: Api, ana: User, ben: User
) -> None:
    await api.sign_in(ana.email)
    await other_api.sign_in(ben.email)
    bens = await Session.objects.aget(user=ben)
    for wrong in (bens.id, uuid4(), "1", "x"):
        answer = await api.call("DELETE", f"auth/sessions/{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await other_api.get("auth/me")).status_code == 200


async def test_c6_without_the_cache_everything_holds(
    api: Api, other_api: Api, ana: User, settings: Any
) -> None:
    await other_api.sign_in(ana.email)
    assert (await other_api.get("auth/me")).status_code == 200
    await _cache_at(NOBODY_LISTENS, settings)
    await api.sign_in(ana.email)
    assert (await api.get("auth/me")).status_code == 200
    assert (await api.call("DELETE", "auth/sessions")).status_code == 204
    assert (await other_api.get("auth/me")).status_code == 401
    ticket = await api.post("events/tickets")
    assert (ticket.status_code, ticket.json()["code"]) == (503, "service_busy")


async def test_c6_a_cache_that_comes_back_does_not_revive_an_ended_session(
    api: Api, other_api: Api, ana: User, settings: Any
) -> None:
    there = settings.REDIS_URL
    await other_api.sign_in(ana.email)
    assert (await other_api.get("auth/me")).status_code == 200
    await _cache_at(NOBODY_LISTENS, settings)
    await api.sign_in(ana.email)
    await api.call("DELETE", "auth/sessions")
    ((name, arguments),) = await run_db(queued)
    assert name == announce_ended_sessions.name
    await _cache_at(there, settings)
    await run_now(announce_ended_sessions, **arguments)
    assert (await other_api.get("auth/me")).status_code == 401


async def test_c6_what_the_database_says_counts_over_what_the_cache_remembers(
    api: Api, other_api: Api, ana: User, settings: Any
) -> None:
    """The process that ends the session cannot reach the cache, and no worker runs; others reach it all the time."""
    there = settings.REDIS_URL
    await other_api.sign_in(ana.email)
    await api.sign_in(ana.email)
    assert (await other_api.get("auth/me")).status_code == 200
    await _cache_at(NOBODY_LISTENS, settings)
    await api.call("DELETE", "auth/sessions")
    await _cache_at(there, settings)
    session = await Session.objects.aget(revoke_reason="ended_by_user")
    assert await cache().get(f"session:{session.id}", Principal), "or the refusal would prove nothing"
    ended_sessions().good_until = 0  # a second has passed
    assert (await other_api.get("auth/me")).status_code == 401
    assert (await api.get("auth/me")).status_code == 200


async def test_c6_disabled_people_are_out_as_soon_as_the_cache_forgets(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await User.objects.aupdate(is_active=False)
    assert (await api.get("auth/me")).status_code == 401


async def test_expired_sessions_are_neither_accepted_nor_listed(api: Api, other_api: Api, ana: User) -> None:
    await other_api.sign_in(ana.email)
    await Session.objects.aupdate(
        created_at=timezone.now() - timedelta(days=90), expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert (await other_api.get("auth/me")).status_code == 401
    await api.sign_in(ana.email)
    assert len((await api.get("auth/sessions")).json()["results"]) == 1


async def test_use_is_noted_now_and_then(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    before = timezone.now() - timedelta(hours=1)
    await Session.objects.aupdate(last_seen_at=before)
    await api.get("auth/me")
    assert (await Session.objects.aget()).last_seen_at > before


async def test_open_pages_hear_that_a_session_ended(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    session = await Session.objects.aget()
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(group_of(ana.id), channel)
    await api.post("auth/tokens/revoke", {"refresh_token": pair["refresh_token"]})
    async with asyncio.timeout(10):
        message = await layer.receive(channel)
    assert message["event"] == {"type": "session.ended", "session_id": str(session.id)}


async def test_people_change_their_profile(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.get("auth/me")
    change = {"name": "Ana María", "time_zone": "Europe/Madrid", "base_currency": "eur"}
    changed = await api.call("PATCH", "auth/me", change)
    assert changed.status_code == 200
    assert changed.json()["base_currency"] == "EUR"
    me = (await api.get("auth/me")).json()
    assert (me["name"], me["time_zone"]) == ("Ana María", "Europe/Madrid")


async def test_h3_nobody_makes_themselves_staff(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    answer = await api.call(
        "PATCH",
        "auth/me",
        {"is_staff": True, "is_superuser": True, "email": "x@example.org", "id": str(uuid4())},
    )
    assert answer.status_code == 200
    found = await User.objects.aget()
    assert (found.is_staff, found.is_superuser, found.email) == (False, False, ana.email)


async def test_a_profile_takes_known_zones_and_currencies_only(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for field, value in (
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", 7),
        ("base_currency", "ZZZ"),
        ("base_currency", None),
        ("name", "a\nb"),
    ):
        answer = await api.call("PATCH", "auth/me", {field: value})
        assert answer.status_code == 400, (field, value)
        assert answer.json()["errors"][0]["field"] == field


async def test_everything_of_one_s_own_needs_a_token(api: Api, db: None) -> None:
    for method, path in (
        ("GET", "auth/me"),
        ("PATCH", "auth/me"),
        ("POST", "auth/me/password"),
        ("GET", "auth/sessions"),
        ("DELETE", "auth/sessions"),
        ("DELETE", f"auth/sessions/{uuid4()}"),
        ("POST", "events/tickets"),
    ):
        answer = await api.call(method, path)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), path
        assert answer.json()["code"] == "not_authenticated"
