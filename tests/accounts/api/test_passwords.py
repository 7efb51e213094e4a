"""New passwords over the API: by mailed link, and by people who know the old one."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import OneTimeLink, User
from dashtam.bridge.doors import run_db
from tests.accounts.api.test_reauthentication import age_proofs
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.accounts.second_factors import enrol
from tests.conftest import PASSWORD

NEW = "gigantic wombat on a bicycle"


async def _reset(api: Api, token: str, password: str = NEW) -> Any:
    return await api.post("auth/password-resets/confirm", {"token": token, "password": password})


async def test_a8_a_forgotten_password_is_replaced_by_link(api: Api, other_api: Api, ana: User) -> None:
    pair = await other_api.sign_in(ana.email)
    await other_api.get("auth/me")
    assert (await api.post("auth/password-resets", {"email": ana.email})).status_code == 202
    done = await _reset(api, await link_token("reset_password"))
    assert (done.status_code, done.content, done.cookies) == (204, b"", {})
    assert (await other_api.get("auth/me")).status_code == 401
    refreshed = await api.post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 401
    old = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    assert old.status_code == 401
    await api.sign_in(ana.email, NEW)
    (mail,) = await mails("password_changed")
    assert mail.to == ana.email
    assert datetime.fromisoformat(mail.context["when"]).tzinfo  # told in their own zone


async def test_b3_the_answer_is_the_same_for_unknown_addresses(api: Api, ana: User, make_user: Any) -> None:
    disabled = await run_db(make_user, is_active=False)
    answers = []
    for email in (ana.email, "nobody@example.org", disabled.email):
        answer = await api.post("auth/password-resets", {"email": email})
        fresh = {"X-Request-Id", "Content-Security-Policy", "RateLimit"}  # new for each answer
        headers = {name: value for name, value in answer.items() if name not in fresh}
        answers.append((answer.status_code, answer.content, headers))
    assert answers[0] == answers[1] == answers[2]
    assert [mail.to for mail in await mails("reset_password")] == [ana.email]


async def test_a8_a_link_works_once_and_not_after_half_an_hour(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    await OneTimeLink.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    assert (await _reset(api, token)).status_code == 410
    await OneTimeLink.objects.aupdate(expires_at=timezone.now() + timedelta(minutes=1))
    assert (await _reset(api, token)).status_code == 204
    again = await _reset(api, token)
    assert (again.status_code, again.json()["code"]) == (410, "link_not_valid")


async def test_a_weak_password_leaves_the_link_usable(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    weak = await _reset(api, token, "too short")
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (400, "password")
    assert (await _reset(api, token)).status_code == 204


async def test_a8_a_changed_password_or_address_voids_open_links(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    await api.sign_in(ana.email)
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await api.post("auth/me/password", change)).status_code == 204
    assert (await _reset(api, token)).status_code == 410
    await run_db(User.objects.mail_link, email=ana.email, purpose=OneTimeLink.Purpose.RESET_PASSWORD)
    token = await link_token("reset_password")
    await User.objects.aupdate(email="moved@example.org")
    assert (await _reset(api, token)).status_code == 410


async def test_a8_of_many_uses_at_once_one_counts(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    answers = await asyncio.gather(*(_reset(api, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410, 410]


async def test_a9_the_link_is_never_built_from_what_the_request_says(
    api: Api, ana: User, settings: Any
) -> None:
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    refused = await api.post("auth/password-resets", {"email": ana.email}, **evil)
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    await api.post("auth/password-resets", {"email": ana.email}, **{"x-forwarded-host": "evil.example"})
    (mail,) = await mails("reset_password")
    assert set(mail.context) == {"link_id"}


async def test_whoever_resets_the_password_has_confirmed_the_address(api: Api, make_user: Any) -> None:
    zoe = await run_db(make_user, "Zoe", email_verified_at=None)
    await api.post("auth/password-resets", {"email": zoe.email})
    assert (await _reset(api, await link_token("reset_password"))).status_code == 204
    await api.sign_in(zoe.email, NEW)


async def test_a7_changing_one_s_password_ends_all_other_sessions(
    api: Api, other_api: Api, ana: User
) -> None:
    await other_api.sign_in(ana.email)
    await other_api.get("auth/me")
    pair = await api.sign_in(ana.email)
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await api.post("auth/me/password", change)).status_code == 204
    assert (await other_api.get("auth/me")).status_code == 401
    assert (await api.get("auth/me")).status_code == 200
    assert (
        await api.post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
    ).status_code == 200
    await other_api.sign_in(ana.email, NEW)
    (mail,) = await mails("password_changed")
    assert (mail.to, mail.context["ip"]) == (ana.email, "127.0.0.1")


async def test_a7_it_takes_the_current_password_and_a_strong_new_one(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    cases = [
        ({"new_password": NEW}, "current_password", "required"),
        ({"current_password": "certainly not it", "new_password": NEW}, "current_password", "wrong_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password", "password_too_short"),
        ({"current_password": PASSWORD, "new_password": ana.email}, "new_password", "password_too_common"),
        ({"current_password": PASSWORD, "new_password": 123456789012345}, "new_password", "not_text"),
    ]
    for body, field, code in cases:
        answer = await api.post("auth/me/password", body)
        assert answer.status_code == 400, body
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    await api.sign_in(ana.email)


async def test_a6_the_stored_hash_is_bcrypt_over_sha256(api: Api, ana: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
    await api.post("auth/password-resets", {"email": ana.email})
    await _reset(api, await link_token("reset_password"))
    assert (await User.objects.aget()).password.startswith("bcrypt_sha256$$2b$12$")


async def test_a8_the_token_is_in_no_table(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    assert len(token) >= 43  # 256 bits of MAC in it
    found = await run_db(_tables_with, token)
    assert found == []
    assert await run_db(_tables_with, ana.email) != []  # so the search does find things


def _tables_with(text: str) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            query = f"SELECT count(*) FROM {connection.ops.quote_name(table)} row WHERE row::text LIKE %s"  # noqa: S608
            cursor.execute(query, [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


async def test_a7_a_cookie_that_was_copied_before_opens_nothing_after_a_new_password(
    browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    thief = Browser()
    thief.client.cookies["session"] = browser.client.cookies["session"].value
    assert (await thief.get("/settings/profile")).status_code == 200
    done = await browser.send("/settings/security", current_password=PASSWORD, new_password=NEW)
    assert done.status_code == 303
    assert (await thief.get("/settings/profile")).status_code == 302
    assert (await browser.get("/settings/profile")).status_code == 200


async def test_a11_with_a_second_factor_a_new_password_needs_a_fresh_proof_of_it(api: Api, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await age_proofs()
    change = {"current_password": PASSWORD, "new_password": NEW}
    refused = await api.post("auth/me/password", change)
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    await api.post("auth/reauthentications", {"password": PASSWORD, "otp": codes[0]})
    assert (await api.post("auth/me/password", change)).status_code == 204


async def test_a11_the_page_asks_for_that_proof_too(api: Api, browser: Browser, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await browser.sign_in(ana.email)
    await browser.send("/sign-in/second-step", otp=codes[0])
    await age_proofs()
    sent = await browser.send("/settings/security", current_password=PASSWORD, new_password=NEW)
    assert sent["Location"].startswith("/reauthenticate?")
    assert not await mails("password_changed")
