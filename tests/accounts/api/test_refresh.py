"""Refresh tokens: rotated on each use, a short grace for lost answers, the end of the session on theft."""

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import time_machine
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import AuditEvent, Session, User
from dashtam.bridge.doors import database_context, run_db
from dashtam.crypto.sealed_tokens import seal
from tests.accounts.conftest import Api, close_database_threads, mails
from tests.conftest import PASSWORD


async def _refresh(api: Api, token: str) -> Any:
    return await api.post("auth/tokens/refresh", {"refresh_token": token})


async def _use(pair: dict[str, Any]) -> None:
    """Send the access token of a pair with a request, as a client that got our answer does."""
    client = Api()
    client.token = pair["access_token"]
    assert (await client.get("auth/me")).status_code == 200


async def _after_the_grace(seconds: float = 11) -> None:
    await Session.objects.aupdate(rotated_at=Now() - timedelta(seconds=seconds))


async def test_c2_a_refresh_token_is_exchanged_for_its_successor(api: Api, ana: User) -> None:
    first = await api.sign_in(ana.email)
    second = await _refresh(api, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    api.token = second.json()["access_token"]
    assert (await api.get("auth/me")).status_code == 200
    assert (await _refresh(api, second.json()["refresh_token"])).status_code == 200


async def test_c4_a_client_that_lost_our_answer_gets_the_same_one_again(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    second = (await _refresh(api, first)).json()["refresh_token"]
    assert (await _refresh(api, first)).json()["refresh_token"] == second
    assert (await _refresh(api, second)).status_code == 200


async def test_c3_a_grandparent_ends_the_session_even_within_the_grace(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    second = (await _refresh(api, first)).json()["refresh_token"]
    third = (await _refresh(api, second)).json()
    api.token = third["access_token"]
    stolen = await _refresh(api, first)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_grant")
    assert (await _refresh(api, third["refresh_token"])).status_code == 401
    assert (await api.get("auth/me")).status_code == 401
    assert (await Session.objects.aget()).revoke_reason == "refresh_token_reused"


async def test_c2_reuse_is_told_by_mail_and_kept_for_the_record_although_refused(api: Api, ana: User) -> None:
    body = {"email": ana.email, "password": PASSWORD}
    first = await api.post("auth/tokens", body, **{"user-agent": "books/2.1"})
    pair = (await _refresh(api, first.json()["refresh_token"])).json()
    second = pair["refresh_token"]
    await _use(pair)
    await _after_the_grace()
    for _ in range(3):
        assert (await _refresh(api, first.json()["refresh_token"])).status_code == 401
    (mail,) = await mails("refresh_token_reused")
    assert (mail.to, mail.context["device"], mail.context["ip"]) == (ana.email, "books", "127.0.0.1")
    session = await Session.objects.aget()
    event = await AuditEvent.objects.aget(action="refresh_token.reused")
    assert (event.user_id, event.detail) == (ana.id, {"session_id": str(session.id)})
    assert (await _refresh(api, second)).status_code == 401


async def test_c2_a_token_that_is_merely_old_or_of_a_disabled_person_raises_no_alarm(
    api: Api, ana: User
) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    await Session.objects.aupdate(idle_expires_at=timezone.now() - timedelta(seconds=1))
    assert (await _refresh(api, first)).status_code == 401
    second = (await api.sign_in(ana.email))["refresh_token"]
    await User.objects.aupdate(is_active=False)
    assert (await _refresh(api, second)).status_code == 401
    assert await mails("refresh_token_reused") == []


async def test_c2_a_parent_ends_the_session_after_the_grace_once_its_successor_was_used(
    api: Api, ana: User
) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    second = (await _refresh(api, first)).json()
    await _use(second)
    assert (await _refresh(api, first)).json()["refresh_token"] == second["refresh_token"]
    await _after_the_grace()
    assert (await _refresh(api, first)).status_code == 401
    assert (await _refresh(api, second["refresh_token"])).status_code == 401


async def test_s11_a_parent_counts_until_its_successor_was_used(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    second = (await _refresh(api, first)).json()["refresh_token"]
    for minutes in (1, 5, 9):
        await _after_the_grace(60 * minutes)
        assert (await _refresh(api, first)).json()["refresh_token"] == second
    third = (await _refresh(api, second)).json()["refresh_token"]
    await _after_the_grace(60)
    assert (await _refresh(api, second)).json()["refresh_token"] == third
    assert await mails("refresh_token_reused") == []
    assert (await _refresh(api, first)).status_code == 401  # two generations old
    assert (await _refresh(api, third)).status_code == 401


async def test_s11_a_parent_does_not_count_for_ever(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    await _refresh(api, first)
    await _after_the_grace(601)
    assert (await _refresh(api, first)).status_code == 401


async def test_s11_the_clock_of_the_application_does_not_matter(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    second = (await _refresh(api, first)).json()
    await _use(second)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert (await _refresh(api, first)).json()["refresh_token"] == second["refresh_token"]


async def test_s11_a_thief_who_comes_while_the_client_works_is_noticed(api: Api, ana: User) -> None:
    stolen = (await api.sign_in(ana.email))["refresh_token"]
    for _ in range(3):
        pair = (await _refresh(api, stolen)).json()
        await _use(pair)
        await _use(pair)
        parent, stolen = stolen, pair["refresh_token"]
    await _after_the_grace()
    assert (await _refresh(api, parent)).status_code == 401
    assert len(await mails("refresh_token_reused")) == 1


async def test_c5_an_unused_session_ends_and_refreshing_keeps_it(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    await Session.objects.aupdate(idle_expires_at=timezone.now() + timedelta(minutes=1))
    second = (await _refresh(api, first)).json()
    assert second["refresh_expires_in"] > 86_400
    await Session.objects.aupdate(idle_expires_at=timezone.now() - timedelta(seconds=1))
    assert (await _refresh(api, second["refresh_token"])).status_code == 401


async def test_c5_no_session_outlives_its_absolute_end(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    await Session.objects.aupdate(expires_at=timezone.now() + timedelta(seconds=100))
    second = (await _refresh(api, first)).json()
    assert second["refresh_expires_in"] <= 100
    await Session.objects.aupdate(
        created_at=timezone.now() - timedelta(days=91), expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert (await _refresh(api, second["refresh_token"])).status_code == 401


async def test_c6_disabled_people_get_no_new_tokens(api: Api, ana: User) -> None:
    first = (await api.sign_in(ana.email))["refresh_token"]
    await User.objects.aupdate(is_active=False)
    assert (await _refresh(api, first)).status_code == 401


async def test_made_up_tokens_are_refused(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    session = await Session.objects.aget()
    made_up = [
        "x",
        "é",
        "A" * 75,
        pair["access_token"][:200],
        pair["refresh_token"][:-6] + "AAAAAA",
        seal("verify_email", session.id),
        seal("refresh", ana.id),
    ]
    for token in made_up:
        assert (await _refresh(api, token)).status_code == 401, token
    for wrong in (None, 7, "", ["x"], "x" * 5000):
        assert (await _refresh(api, wrong)).status_code == 400, wrong  # type: ignore[arg-type]
    assert (await _refresh(api, pair["refresh_token"])).status_code == 200


async def test_c1_an_access_token_lives_a_quarter_of_an_hour_at_most(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    assert pair["expires_in"] <= 900
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == pair["expires_in"]
    assert len(pair["refresh_token"]) == 75


async def test_c1_a_copy_of_the_database_holds_no_token(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    columns = [field.attname for field in Session._meta.concrete_fields]
    row = await Session.objects.values_list(*columns).aget()
    assert not any(str(value) in pair["refresh_token"] for value in row if len(str(value)) > 8)
    assert pair["refresh_token"] not in str(row)


async def test_c3_of_twenty_refreshes_at_once_all_get_the_same_successor(
    api: Api, transactional_db: None, make_user: Any
) -> None:
    """On real, separate connections: each request has a database thread, as under uvicorn."""
    async with database_context():
        ana = await run_db(make_user)
        first = (await api.sign_in(ana.email))["refresh_token"]
        answers = await asyncio.gather(*(_refresh(Api(), first) for _ in range(20)))
        assert [answer.status_code for answer in answers] == [200] * 20
        (second,) = {answer.json()["refresh_token"] for answer in answers}
        assert (await _refresh(api, second)).status_code == 200
    await close_database_threads()
