"""Idempotency-Key on what accounts creates: done once, answered alike each time, for one caller at one address."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import ApiKey, IdempotencyKey, Session, User
from accounts.tasks import forget_idempotency_keys
from dashtam.api.openapi import _schema
from dashtam.bridge.doors import run_db
from dashtam.crypto.sealed_fields import keys_in_use
from tests.accounts.conftest import Api, close_database_threads, mails
from tests.conftest import PASSWORD
from tests.jobs import run_now

WANTED = {"name": "Script", "scopes": ["read"]}


def keyed(key: str = "k-1") -> dict[str, str]:
    return {"idempotency-key": key}


async def test_m1_a_request_sent_again_gets_the_same_answer(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    first = await api.post("auth/api-keys", WANTED, **keyed())
    again = await api.post("auth/api-keys", WANTED, **keyed())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]
    assert again["X-Request-Id"] != first["X-Request-Id"]
    assert await ApiKey.objects.acount() == 1
    other = await api.post("auth/api-keys", WANTED, **keyed("k-2"))
    assert other.json()["key"] != first.json()["key"]


async def test_m1_the_key_with_another_body_is_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.post("auth/api-keys", WANTED, **keyed())
    refused = await api.post("auth/api-keys", {**WANTED, "name": "Other"}, **keyed())
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert await ApiKey.objects.acount() == 1
    assert (await api.post("auth/api-keys", WANTED, **keyed())).status_code == 201


async def test_m1_another_person_and_another_address_have_keys_of_their_own(
    api: Api, other_api: Api, ana: User, ben: User
) -> None:
    await api.sign_in(ana.email)
    await other_api.sign_in(ben.email)
    first = await api.post("auth/api-keys", WANTED, **keyed())
    second = await other_api.post("auth/api-keys", WANTED, **keyed())
    assert first.json()["key"] != second.json()["key"]
    elsewhere = await api.post("auth/mfa/totp", **keyed())
    assert elsewhere.status_code == 200
    assert "Idempotency-Replayed" not in elsewhere


async def test_m1_a_new_access_token_of_the_same_person_gets_the_same_answer(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    first = await api.post("auth/api-keys", WANTED, **keyed())
    fresh = await api.post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
    api.token = fresh.json()["access_token"]
    again = await api.post("auth/api-keys", WANTED, **keyed())
    assert again.content == first.content
    api.token = first.json()["key"]
    refused = await api.post("auth/api-keys", WANTED, **keyed())
    assert refused.json()["code"] == "insufficient_scope"  # what a key may not do, it may not hear of either


async def test_m1_an_answer_that_shows_a_secret_needs_a_fresh_proof_each_time(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    first = await api.post("auth/api-keys", WANTED, **keyed())
    row = await IdempotencyKey.objects.aget()
    assert first.json()["key"].encode() not in bytes(row.answer or b"")
    assert await run_db(keys_in_use)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    await api.sign_in(ana.email)
    stale = api.token
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    api.token = stale
    refused = await api.post("auth/api-keys", WANTED, **keyed())
    assert refused.json()["code"] == "reauth_required"
    assert (await api.post("auth/reauthentications", {"password": PASSWORD})).status_code == 204
    assert (await api.post("auth/api-keys", WANTED, **keyed())).content == first.content


async def test_m1_a_refusal_for_lack_of_proof_leaves_the_key_free(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    assert (await api.post("auth/api-keys", WANTED, **keyed())).status_code == 403
    assert not await IdempotencyKey.objects.aexists()
    await api.post("auth/reauthentications", {"password": PASSWORD})
    assert (await api.post("auth/api-keys", WANTED, **keyed())).status_code == 201


async def test_m1_refusals_of_what_was_asked_are_repeated_too(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    first = await api.post("auth/api-keys", {"name": ""}, **keyed())
    again = await api.post("auth/api-keys", {"name": ""}, **keyed())
    assert (first.status_code, again.status_code) == (400, 400)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == "application/problem+json"


async def test_m1_without_credentials_nothing_is_kept(api: Api, ana: User) -> None:
    for token in ("", "forged"):
        api.token = token
        assert (await api.post("auth/api-keys", WANTED, **keyed())).status_code == 401
    assert not await IdempotencyKey.objects.aexists()


async def test_m1_signing_up_twice_with_one_key_sends_one_mail(api: Api, db: None) -> None:
    body = {"email": "new@example.org", "password": PASSWORD, "name": "New"}
    first = await api.post("auth/users", body, **keyed())
    again = await api.post("auth/users", body, **keyed())
    assert (first.status_code, again.status_code) == (202, 202)
    assert again["Idempotency-Replayed"] == "true"
    assert "Content-Type" not in again or again.content == first.content
    assert len(await mails("verify_email")) == 1
    reused = await api.post("auth/users", {**body, "name": "Newer"}, **keyed())
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    row = await IdempotencyKey.objects.aget()
    assert row.user_id is None


async def test_m1_a_stranger_s_refusals_take_no_room(api: Api, db: None) -> None:
    assert (await api.post("auth/users", {"email": "x"}, **keyed())).status_code == 400
    assert not await IdempotencyKey.objects.aexists()


async def test_m1_strangers_of_another_network_have_keys_of_their_own(
    api: Api, db: None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    body = {"email": "new@example.org"}
    for network in ("203.0.113.7", "198.51.100.7"):
        answer = await api.post("auth/password-resets", body, **keyed(), **{"x-forwarded-for": network})
        assert answer.status_code == 202
        assert "Idempotency-Replayed" not in answer


async def test_m1_too_many_requests_leave_the_key_free(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    answers = [
        await api.post("auth/me/email", {"email": f"ana{n}@example.net"}, **keyed(f"k-{n}")) for n in range(7)
    ]
    assert {answer.status_code for answer in answers} == {202, 429}
    kept = await IdempotencyKey.objects.acount()
    assert kept == sum(answer.status_code == 202 for answer in answers)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "clé", "a\x7f", "\x00", "a\tb"])
async def test_m1_a_key_that_is_no_key_is_refused(api: Api, ana: User, key: str) -> None:
    await api.sign_in(ana.email)
    refused = await api.post("auth/api-keys", WANTED, **keyed(key))
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_invalid")
    assert not await ApiKey.objects.aexists()


@pytest.mark.parametrize(
    "key", ["x", "x" * 255, "'; DROP TABLE users; --".replace(" ", "_"), '"quoted"', "%00", "../.."]
)
async def test_m1_any_visible_characters_make_a_key(api: Api, ana: User, key: str) -> None:
    await api.sign_in(ana.email)
    first = await api.post("auth/api-keys", WANTED, **keyed(key))
    again = await api.post("auth/api-keys", WANTED, **keyed(key))
    assert (first.status_code, again.content) == (201, first.content)


async def test_m1_what_creates_nothing_takes_no_key(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    body = {"email": ana.email, "password": PASSWORD}
    pairs = [(await api.post("auth/tokens", body, **keyed())).json() for _ in range(2)]
    assert pairs[0]["refresh_token"] != pairs[1]["refresh_token"]
    assert not await IdempotencyKey.objects.aexists()


async def test_m1_work_whose_process_died_is_done_anew_by_the_same_request_only(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.post("auth/api-keys", WANTED, **keyed())
    await IdempotencyKey.objects.aupdate(answer=None)  # as if it had died before
    waiting = await api.post("auth/api-keys", WANTED, **keyed())
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_in_progress")
    assert int(waiting["Retry-After"]) >= 1
    await IdempotencyKey.objects.aupdate(leased_until=F("created_at") - timedelta(seconds=1))
    other = await api.post("auth/api-keys", {**WANTED, "name": "Other"}, **keyed())
    assert other.json()["code"] == "idempotency_key_reused"
    assert (await api.post("auth/api-keys", WANTED, **keyed())).status_code == 201
    assert (await api.post("auth/api-keys", WANTED, **keyed()))["Idempotency-Replayed"] == "true"


async def test_m1_keys_are_forgotten_after_a_day_and_not_before(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for key in ("old", "new"):
        await api.post("auth/api-keys", WANTED, **keyed(key))
    old = IdempotencyKey.objects.order_by("id")
    first = await old.afirst()
    assert first is not None
    await IdempotencyKey.objects.filter(id=first.id).aupdate(
        created_at=F("created_at") - timedelta(hours=24, minutes=1),
        leased_until=F("leased_until") - timedelta(hours=24, minutes=1),
    )
    await run_now(forget_idempotency_keys, timestamp=0)
    assert await IdempotencyKey.objects.acount() == 1
    assert "Idempotency-Replayed" not in await api.post("auth/api-keys", WANTED, **keyed("old"))
    assert "Idempotency-Replayed" in await api.post("auth/api-keys", WANTED, **keyed("new"))


async def test_m1_keys_go_with_their_person(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.post("auth/api-keys", WANTED, **keyed())
    await run_db(User.objects.filter(id=ana.id).delete)
    assert not await IdempotencyKey.objects.aexists()


@pytest.mark.django_db(transaction=True)
async def test_m1_of_twenty_at_once_one_creates(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    answers = await asyncio.gather(*(api.post("auth/api-keys", WANTED, **keyed()) for _ in range(20)))
    by_status = sorted({answer.status_code for answer in answers})
    assert by_status in ([201], [201, 409])
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
        "idempotency_in_progress"
    }
    assert sum(answer.status_code == 201 and "Idempotency-Replayed" not in answer for answer in answers) == 1
    assert await ApiKey.objects.acount() == 1
    await close_database_threads()


async def test_m1_the_document_says_which_operations_take_a_key(db: None) -> None:
    taking = {
        f"{method} {path}"
        for path, operations in _schema()["paths"].items()
        for method, operation in operations.items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key"
    }
    assert {
        "post /api/v1/auth/users",
        "post /api/v1/auth/api-keys",
        "post /api/v1/connections",
        "post /api/v1/connections/{id}/syncs",
        "post /api/v1/connections/{id}/reauthorizations",
        "post /api/v1/imports",
    } <= taking
    assert all(each.startswith("post ") for each in taking)
    assert "post /api/v1/auth/tokens" not in taking
