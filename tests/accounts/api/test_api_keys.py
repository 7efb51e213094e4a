"""API keys: shown once, stored as a hash, able to do what their scopes say, and gone at once when ended."""

import re
import zlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, Session, User
from accounts.services.api_key_service import ALPHABET
from accounts.tasks import remind_of_api_keys
from accounts.wiring import ended_sessions
from dashtam.api.openapi import _schema
from dashtam.bridge.doors import run_db
from dashtam.cache import close_cache
from notifications.messages import render
from tests.accounts.conftest import Api, Browser, mails
from tests.accounts.entrance.test_sessions import NOBODY_LISTENS
from tests.conftest import PASSWORD
from tests.jobs import run_now
from tests.said import listening

REAL = re.compile(r"dsh_[0-9A-Za-z]{49}")


async def created(api: Api, *scopes: str, **more: Any) -> dict[str, Any]:
    """Make a key with these scopes, by a session."""
    answer = await api.post("auth/api-keys", {"name": "Script", "scopes": scopes or ["read"], **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def holder(key: str) -> Api:
    """Make a program that has this key."""
    program = Api()
    program.token = key
    return program


async def test_a_key_is_shown_once_and_stored_as_a_hash_alone(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api, "read", "sync")
    assert REAL.fullmatch(made["key"])
    assert made["scopes"] == ["read", "sync"]
    assert made["hint"] == made["key"][-4:]
    (listed,) = (await api.get("auth/api-keys")).json()["results"]
    assert "key" not in listed
    columns = [field.attname for field in ApiKey._meta.concrete_fields]
    row = await ApiKey.objects.values_list(*columns).aget()
    assert made["key"][4:20] not in str(row)
    days = (await ApiKey.objects.aget()).expires_at - timezone.now()
    assert timedelta(days=89) < days <= timedelta(days=90)


async def test_making_a_key_is_told_by_mail_and_kept_for_the_record(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api, "read", "manage")
    (mail,) = await mails("api_key_created")
    assert (mail.to, mail.context["key_name"], mail.context["may"]) == (ana.email, "Script", "manage, read")
    assert made["key"] not in str(mail.context)
    may = "may read your accounts and transactions, and make changes such as connecting, importing and deleting."
    assert may in (await run_db(render, mail)).text
    event = await AuditEvent.objects.aget(action="api_key.created")
    assert (event.user_id, event.detail) == (ana.id, {"api_key_id": made["id"], "scopes": "manage read"})


async def test_a11_making_a_key_needs_a_fresh_proof(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    refused = await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert not await ApiKey.objects.aexists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 61),
        ("name", 7),
        ("scopes", []),
        ("scopes", ["read", "everything"]),
        ("scopes", "read"),
        ("expires_in_days", 0),
        ("expires_in_days", 366),
        ("expires_in_days", None),
    ],
)
async def test_a_key_must_have_a_name_a_scope_and_an_end(
    api: Api, ana: User, field: str, value: object
) -> None:
    await api.sign_in(ana.email)
    refused = await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"], field: value})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"].startswith(field)


async def test_c8_a_key_can_do_what_its_scopes_say(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    nothing = uuid4()
    wanted = {
        "read": [("GET", "accounts"), ("HEAD", "accounts"), ("GET", "auth/me"), ("GET", "net-worth")],
        "sync": [("POST", f"connections/{nothing}/syncs")],
        "manage": [("DELETE", f"connections/{nothing}"), ("PATCH", "auth/me"), ("POST", "connections")],
    }
    for scope in wanted:
        program = holder((await created(api, scope))["key"])
        for needed, calls in wanted.items():
            for method, path in calls:
                answer = await program.call(method, path, {})
                if needed == scope:
                    assert answer.status_code in {200, 400, 404}, (scope, method, path)
                    continue
                assert answer.status_code == 403, (scope, method, path)
                assert method == "HEAD" or answer.json()["code"] == "insufficient_scope"
                challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
                assert answer["WWW-Authenticate"] == challenge


async def test_c8_no_key_opens_what_is_about_signing_in(api: Api, ana: User) -> None:
    """Every documented operation below /auth/ but reading and changing one's profile, and tickets."""
    await api.sign_in(ana.email)
    program = holder((await created(api, "read", "sync", "manage"))["key"])
    tried = 0
    for path, operations in _schema()["paths"].items():
        for method, operation in operations.items():
            public = operation["security"] == []
            takes_keys = any("apiKey" in way for way in operation["security"])
            if public or not path.startswith(("/api/v1/auth/", "/api/v1/events/")):
                continue
            open_to_keys = {"get /api/v1/auth/me", "patch /api/v1/auth/me", "post /api/v1/events/tickets"}
            assert takes_keys == (f"{method} {path}" in open_to_keys), (method, path)
            if not takes_keys:
                url = path.removeprefix("/api/v1/").replace("{id}", str(uuid4()))
                answer = await program.call(method.upper(), url, {})
                assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), path
                assert answer["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
                tried += 1
    assert tried >= 7


async def test_a_mistyped_key_costs_no_query(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    key = (await created(api))["key"]
    wrong = ALPHABET[(ALPHABET.index(key[10]) + 1) % 62]
    async with listening() as said:
        for typo in (key[:10] + wrong + key[11:], key[:-1], key + "x", "dsh_", "dsh_é", key.swapcase()):
            answer = await holder(typo).get("auth/me")
            assert answer.status_code == 401, typo
            assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert said == []


async def test_a_made_up_key_with_a_right_checksum_is_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    real = (await created(api))["key"]
    secret = real[4:46] + ("0" if real[46] != "0" else "1")
    rest, checksum = zlib.crc32(secret.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        checksum = ALPHABET[digit] + checksum
    assert (await holder(f"dsh_{secret}{checksum}").get("auth/me")).status_code == 401
    assert (await holder(real).get("auth/me")).status_code == 200


async def test_an_ended_key_stops_at_once(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    assert (await holder(made["key"]).get("auth/me")).status_code == 200  # now it is in the cache
    assert (await api.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 204
    assert (await holder(made["key"]).get("auth/me")).status_code == 401
    assert (await api.get("auth/api-keys")).json()["results"] == []
    assert (await api.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 404
    assert await AuditEvent.objects.filter(action="api_key.ended", user_id=ana.id).aexists()


async def test_a_key_that_ends_while_the_cache_is_away_stays_ended(
    api: Api, ana: User, settings: Any
) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    assert (await holder(made["key"]).get("auth/me")).status_code == 200
    there = settings.REDIS_URL
    await close_cache()
    settings.REDIS_URL = NOBODY_LISTENS
    assert (await api.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 204
    await close_cache()
    settings.REDIS_URL = there
    ended_sessions().good_until = 0  # a second has passed
    assert (await holder(made["key"]).get("auth/me")).status_code == 401


async def test_keys_of_others_do_not_exist(api: Api, other_api: Api, ana: User, ben: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    await other_api.sign_in(ben.email)
    assert (await other_api.get("auth/api-keys")).json()["results"] == []
    assert (await other_api.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 404
    assert (await holder(made["key"]).get("auth/me")).json()["email"] == ana.email


async def test_expired_keys_and_those_of_disabled_people_are_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    expired, other = await created(api), await created(api)
    await ApiKey.objects.filter(id=expired["id"]).aupdate(expires_at=timezone.now())
    assert (await holder(expired["key"]).get("auth/me")).status_code == 401
    await User.objects.aupdate(is_active=False)
    assert (await holder(other["key"]).get("auth/me")).status_code == 401


async def test_a_key_outlives_a_new_password(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    change = {"current_password": PASSWORD, "new_password": "another quiet river at dusk"}
    assert (await api.post("auth/me/password", change)).status_code == 204
    assert (await holder(made["key"]).get("auth/me")).status_code == 200


async def test_people_see_when_and_from_where_a_key_was_used(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    assert (made["last_used_at"], made["last_used_from"]) == (None, "")
    await holder(made["key"]).get("auth/me")
    (listed,) = (await api.get("auth/api-keys")).json()["results"]
    assert listed["last_used_from"] == "127.0.0.0/24"
    assert listed["last_used_at"]


async def test_nobody_has_more_keys_than_they_can_look_after(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    soon = timezone.now() + timedelta(days=1)
    rows = [
        ApiKey(user=ana, name="x", scopes=["read"], key_hash=b"%d" % n, hint="x", expires_at=soon)
        for n in range(50)
    ]
    await ApiKey.objects.abulk_create(rows)
    refused = await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_api_keys")


async def test_owners_hear_of_the_end_of_a_key_a_week_before_and_once(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for days in (90, 90, 7):
        await created(api, expires_in_days=days)
    last = (await created(api))["id"]
    await ApiKey.objects.filter(id=last).aupdate(
        created_at=F("created_at") - timedelta(days=84), expires_at=F("expires_at") - timedelta(days=84)
    )
    for _ in range(2):
        await run_now(remind_of_api_keys, timestamp=0)
    (mail,) = await mails("api_key_expiring")
    assert (mail.to, mail.context["key_name"]) == (ana.email, "Script")


async def test_keys_are_made_and_ended_in_the_browser(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert "Let your own programs in" in (await browser.get("/settings/api-keys")).content.decode()
    wrong = await browser.send("/settings/api-keys/new", name="", days="90")
    assert wrong.status_code == 422
    assert "Choose at least one." in wrong.content.decode()
    made = await browser.send("/settings/api-keys/new", name="Books <1>", scopes="read", days="30")
    assert made.status_code == 200
    assert made["Cache-Control"] == "no-store"
    (key,) = set(REAL.findall(made.content.decode()))
    assert (await holder(key).get("accounts")).status_code == 200
    listed = (await browser.get("/settings/api-keys")).content.decode()
    assert "Books &lt;1&gt;" in listed
    assert key not in listed
    row = await ApiKey.objects.aget()
    ended = await browser.send(f"/settings/api-keys/{row.id}/end", shown_at="/settings/api-keys")
    assert ended.status_code == 303
    assert (await holder(key).get("accounts")).status_code == 401


async def test_somebody_else_s_key_is_not_found_in_the_browser_either(
    api: Api, browser: Browser, ana: User, ben: User
) -> None:
    await api.sign_in(ana.email)
    made = await created(api)
    await browser.sign_in(ben.email)
    shown = "/settings/security"
    answer = await browser.send(f"/settings/api-keys/{made['id']}/end", shown_at=shown)
    assert answer.status_code == 404
    assert (await holder(made["key"]).get("auth/me")).status_code == 200
