"""Signing in over the API."""

import re
import time
from contextlib import ExitStack, suppress
from typing import Any

from django.test import AsyncClient, override_settings
from django.utils import timezone

from accounts.devices import Device
from accounts.models import FailedProof, Session, Totp, User
from accounts.models.failed_proof import subject_of
from dashtam.bridge.doors import run_db
from dashtam.bridge.hashing import place_to_hash
from dashtam.errors import ServiceBusy
from tests.accounts.conftest import Api, Browser
from tests.accounts.hashers import QuickHasher, WatchedHasher
from tests.conftest import PASSWORD


async def test_a_right_password_opens_a_session(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    assert pair["token_type"] == "Bearer"
    assert 0 < pair["expires_in"] <= 900
    assert pair["refresh_expires_in"] > pair["expires_in"]
    me = await api.get("auth/me")
    assert me.status_code == 200
    assert me["Cache-Control"] == "no-store"
    assert set(me.json()) == {
        "id",
        "email",
        "name",
        "time_zone",
        "base_currency",
        "email_verified_at",
        "created_at",
        "deletion_due_at",
        "mail_stopped",
    }


async def test_the_address_may_be_typed_in_any_case(api: Api, ana: User) -> None:
    await api.sign_in(f" {ana.email.upper()} ")


async def test_b1_nobody_can_tell_why_a_sign_in_failed(api: Api, make_user: Any) -> None:
    ana, disabled = await run_db(make_user), await run_db(make_user, is_active=False)
    unverified = await run_db(make_user, email_verified_at=None)
    unusable, corrupt, costly = [await run_db(make_user) for _ in range(3)]
    await User.objects.filter(id=unusable.id).aupdate(password="!")
    await User.objects.filter(id=corrupt.id).aupdate(password="bcrypt_sha256$$2b$12$" + "~" * 53)
    await User.objects.filter(id=costly.id).aupdate(password="bcrypt_sha256$$2b$31$" + "." * 53)
    locked = await run_db(make_user)
    await FailedProof.objects.acreate(subject_hash=subject_of("account", locked.email), total=100)
    attempts = [
        (locked.email, PASSWORD),
        ("nobody@example.org", PASSWORD),
        (ana.email, PASSWORD + "r"),
        (disabled.email, PASSWORD),
        (unverified.email, PASSWORD),
        (unusable.email, PASSWORD),
        (corrupt.email, PASSWORD),
        (costly.email, PASSWORD),
    ]
    seen = set()
    for email, password in attempts:
        answer = await api.post("auth/tokens", {"email": email, "password": password})
        assert answer.status_code == 401
        problem = answer.json()
        assert problem["code"] == "invalid_credentials"
        del problem["request_id"]
        headers = {name: value for name, value in answer.items() if name not in ("X-Request-Id", "RateLimit")}
        headers.pop("Content-Length", None)
        seen.add((str(problem), str(headers), str(answer.cookies)))
    assert len(seen) == 1
    assert not await Session.objects.aexists()


async def test_b1_the_page_tells_no_more(browser: Browser, make_user: Any) -> None:
    ana, disabled = await run_db(make_user), await run_db(make_user, is_active=False)
    locked, unverified = await run_db(make_user), await run_db(make_user, email_verified_at=None)
    await FailedProof.objects.acreate(subject_hash=subject_of("account", locked.email), total=100)
    attempts = [(ana.email, PASSWORD + "r"), ("nobody@example.org", PASSWORD)]
    attempts += [(person.email, PASSWORD) for person in (locked, disabled, unverified)]
    pages = set()
    for email, password in attempts:
        page = await browser.sign_in(email, password)
        text = re.sub(r'value="[^"]{64}"|nonce="[^"]+"', "", page.content.decode())
        pages.add((page.status_code, text.replace(email, ""), str(page.cookies.keys())))
    assert len(pages) == 1


@override_settings(PASSWORD_HASHERS=["tests.accounts.hashers.WatchedHasher"])
async def test_b2_unknown_and_unusable_accounts_cost_one_hash_as_others_do(api: Api, make_user: Any) -> None:
    usable, unusable = await run_db(make_user), await run_db(make_user)
    await User.objects.filter(id=unusable.id).aupdate(password="bcrypt_sha256$$2b$31$" + "." * 53)
    for email in (usable.email, "nobody@example.org", unusable.email):
        WatchedHasher.threads.clear()
        await api.post("auth/tokens", {"email": email, "password": "certainly not the one"})
        assert len(WatchedHasher.threads) == 1, email


@override_settings(PASSWORD_HASHERS=["tests.accounts.hashers.WatchedHasher"])
async def test_every_hash_is_made_on_the_hashing_threads(api: Api, ana: User) -> None:
    WatchedHasher.threads.clear()
    await api.sign_in(ana.email)
    await api.post("auth/tokens", {"email": "nobody@example.org", "password": PASSWORD})
    await api.post("auth/users", {"email": "zoe@example.org", "password": PASSWORD, "name": "Zoe"})
    change = {"current_password": PASSWORD, "new_password": "gigantic wombat on a bicycle"}
    assert (await api.post("auth/me/password", change)).status_code == 204
    assert len(WatchedHasher.threads) == 5
    assert all(name.startswith("hashing") for name in WatchedHasher.threads)


async def test_a2_a_password_counts_exactly_as_it_was_set(api: Api, ana: User) -> None:
    long = "a" * 72 + "b"
    hasher = QuickHasher()
    await User.objects.filter(id=ana.id).aupdate(password=hasher.encode(long, hasher.salt()))
    for wrong in ("a" * 72, "a" * 72 + "c", long.upper(), " " + long, long + " "):
        answer = await api.post("auth/tokens", {"email": ana.email, "password": wrong})
        assert answer.status_code == 401, wrong
        await api.sign_in(ana.email, long)


async def test_a4_the_same_characters_spelled_otherwise_are_the_same_password(api: Api, db: None) -> None:
    decomposed = "cafe\u0301 au lait a\u0300 volonte\u0301"
    await _registered(api, decomposed)
    await api.sign_in("zoe@example.org", "caf\u00e9 au lait \u00e0 volont\u00e9")


async def test_a1_spaces_letters_emoji_and_long_passwords_are_welcome(api: Api, db: None) -> None:
    for number, password in enumerate(["  spaces at both ends  ", "é" * 64, "😀" * 128, "a" * 72 + "b"]):
        await _registered(api, password, email=f"zoe{number}@example.org")
        await api.sign_in(f"zoe{number}@example.org", password)
        api.token = ""


async def _registered(api: Api, password: str, email: str = "zoe@example.org") -> None:
    answer = await api.post("auth/users", {"email": email, "password": password, "name": "Zoe"})
    assert answer.status_code == 202, answer.content
    await User.objects.filter(email=email).aupdate(email_verified_at="2026-01-01T00:00:00Z")


async def test_a6_an_old_hash_is_made_anew_at_today_s_cost(api: Api, ana: User) -> None:
    hasher = QuickHasher()
    hasher.rounds = 5
    await User.objects.filter(id=ana.id).aupdate(password=hasher.encode(PASSWORD, hasher.salt()))
    await api.sign_in(ana.email)
    stored = (await User.objects.aget(id=ana.id)).password
    assert stored.startswith("bcrypt_sha256$$2b$04$")
    await api.sign_in(ana.email)


def fill(crowd: ExitStack) -> None:
    """Take all places that strangers may have."""
    with suppress(ServiceBusy):
        while True:
            crowd.enter_context(place_to_hash(stranger=True))


async def test_b8_a_full_crowd_is_turned_away_before_any_work(api: Api, ana: User) -> None:
    with ExitStack() as crowd:
        fill(crowd)
        refused = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (503, "service_busy")
        assert 2 <= int(refused["Retry-After"]) <= 5
        assert not await FailedProof.objects.aexists()
    await api.sign_in(ana.email)


async def test_a_sign_in_that_was_turned_away_is_counted_under_its_route(
    api: Api, async_client: AsyncClient, db: None
) -> None:
    async def counted() -> float:
        text = (await async_client.get("/metrics")).content.decode()
        found = re.search(r'request_seconds_count{[^}]*route="/api/v1/auth/tokens",status="5xx"} (\S+)', text)
        return float(found[1]) if found else 0.0

    with ExitStack() as crowd:
        fill(crowd)
        before = await counted()
        await api.post("auth/tokens", {"email": "ana@example.org", "password": PASSWORD})
        assert await counted() == before + 1


async def test_a_factor_set_up_while_the_password_was_hashed_is_not_passed_by(ana: User) -> None:
    device = Device("api", "curl/8", "203.0.113.7")
    subject = subject_of("account", ana.email)
    begun = await run_db(User.objects.begin_sign_in, email=ana.email, subject=subject, device=device)
    assert begun.user is not None
    assert not begun.enrolled
    await Totp.objects.acreate(user=ana, secret=b"sealed", confirmed_at=timezone.now())
    opening: dict[str, Any] = {"user": begun.user, "device": device, "proved": (subject,)}
    assert await run_db(User.objects.open_session, factor="", **opening) is None
    assert not await Session.objects.aexists()
    assert await FailedProof.objects.filter(user=ana).aexists()  # nothing was proved, nothing is forgotten
    assert await run_db(User.objects.open_session, factor="totp", **opening) is not None
    assert not await FailedProof.objects.filter(user=ana).aexists()


async def test_a_sign_in_from_where_one_came_before_is_two_statements(
    api: Api, ana: User, statements: Any
) -> None:
    await api.sign_in(ana.email)
    async with statements() as said:
        await api.sign_in(ana.email)
    assert len(said) == 2, said


async def test_a3_malformed_bodies_are_problems_and_not_crashes(api: Api, db: None) -> None:
    bodies = [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"email": NaN}',
        b'{"email": "a@b.example", "password": "\\ud800"}',
        b'{"email": "a@b.example", "password": "\xff"}',
        b"[" * 100_000,
        b'{"email": ' + b"9" * 5000 + b"}",
    ]
    for body in bodies:
        answer = await api.call("POST", "auth/tokens", body)
        assert answer.status_code == 400, body[:40]
        assert answer["Content-Type"] == "application/problem+json"


async def test_other_media_types_are_refused(api: Api, db: None) -> None:
    answer = await api.client.post("/api/v1/auth/tokens", {"email": "a@b.example", "password": "x"})
    assert answer.status_code == 415


async def test_a3_a_body_beyond_the_cap_is_refused(api: Api, db: None) -> None:
    answer = await api.call("POST", "auth/tokens", b'"' + b"x" * 1_100_000 + b'"')
    assert answer.status_code == 413


async def test_unknown_methods_and_paths_are_problems_too(api: Api, db: None) -> None:
    refused = await api.get("auth/tokens")
    assert (refused.status_code, refused["Allow"]) == (405, "POST, OPTIONS")
    assert (await api.call("BREW", "auth/tokens")).status_code == 405
    missing = await api.get("auth/no-such-thing")
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")


async def test_the_client_s_address_is_believed_from_our_proxies_only(
    api: Api, ana: User, settings: Any
) -> None:
    forged = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    body = {"email": ana.email, "password": PASSWORD}
    await api.post("auth/tokens", body, **forged)
    assert (await Session.objects.alatest("created_at")).ip == "127.0.0.1"
    settings.TRUSTED_PROXIES = ["127.0.0.0/8", "198.51.100.7"]
    await api.post("auth/tokens", body, **forged)
    assert (await Session.objects.alatest("created_at")).ip == "203.0.113.9"
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    await api.post("auth/tokens", body, **forged)
    assert (await Session.objects.alatest("created_at")).ip == "198.51.100.7"
    await api.post("auth/tokens", body, **{"x-forwarded-for": "<script>"})
    assert (await Session.objects.alatest("created_at")).ip == "127.0.0.1"


async def test_a6_a_tampered_cost_cannot_keep_a_core_busy(api: Api, ana: User) -> None:
    await User.objects.filter(id=ana.id).aupdate(password="bcrypt_sha256$$2b$31$" + "." * 53)
    before = time.process_time()
    answer = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 401
    assert time.process_time() - before < 60  # cost 31 would be days


async def test_a3_only_text_is_a_password(api: Api, ana: User) -> None:
    for password in (12345, ["x"], {"a": 1}, None, True, "a\u0000b", ""):
        answer = await api.post("auth/tokens", {"email": ana.email, "password": password})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), password
    for raw in (b'"\\ud800"', b'"' + b"x" * 1_000_000 + b'"'):
        body = b'{"email": "' + ana.email.encode() + b'", "password": ' + raw + b"}"
        assert (await api.call("POST", "auth/tokens", body)).status_code in {400, 413}


async def test_a14_there_are_no_default_accounts(api: Api, db: None) -> None:
    assert not await User.objects.aexists()
    for email, password in (("admin@example.org", "admin"), ("admin@localhost.localdomain", "password")):
        answer = await api.post("auth/tokens", {"email": email, "password": password})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
