"""Password guessing, from outside: its cost, the sameness of all answers, and no lock-out of known devices."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import override_settings

from accounts.models import AuditEvent, FailedProof, User
from dashtam.bridge.doors import run_db
from dashtam.cache import cache, close_cache
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.accounts.hashers import WatchedHasher
from tests.conftest import PASSWORD

WRONG = "certainly not the one"
NEW = "gigantic wombat on a bicycle"
WATCHED = override_settings(PASSWORD_HASHERS=["tests.accounts.hashers.WatchedHasher"])


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]


async def attempt(api: Api, email: str, password: str = WRONG, ip: str = "203.0.113.1") -> Any:
    return await api.post("auth/tokens", {"email": email, "password": password}, **{"x-forwarded-for": ip})


def outside(answer: Any) -> tuple[Any, ...]:
    """All that a stranger can see of an answer, except parts that differ each time."""
    problem = {name: value for name, value in answer.json().items() if name != "request_id"}
    headers = {name: value for name, value in answer.items() if name != "X-Request-Id"}
    return answer.status_code, problem, headers, answer.cookies.output()


async def an_hour_passes(settings: Any) -> None:
    """Refill all limits, and make failures in the database an hour older."""
    await close_cache()
    settings.CACHE_PREFIX += "-later"
    await FailedProof.objects.aupdate(last_at=F("last_at") - timedelta(hours=1))


@WATCHED
async def test_b4_of_fifty_guesses_at_once_five_are_hashed(api: Api, ana: User) -> None:
    WatchedHasher.threads.clear()
    answers = await asyncio.gather(*(attempt(api, ana.email) for _ in range(50)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(WatchedHasher.threads) == 5
    assert sorted({answer.status_code for answer in answers}) == [401, 429]
    assert len(refused) == 45
    assert all(0 < int(answer["Retry-After"]) <= 300 for answer in refused)
    assert refused[0].json()["code"] == "too_many_requests"


@WATCHED
async def test_b4_guessing_from_many_addresses_gets_no_further(api: Api, ana: User) -> None:
    WatchedHasher.threads.clear()
    await asyncio.gather(*(attempt(api, ana.email, ip=f"203.0.113.{n}") for n in range(50)))
    assert len(WatchedHasher.threads) == 5


@WATCHED
async def test_b4_guessing_many_accounts_from_one_address_gets_no_further(api: Api, db: None) -> None:
    WatchedHasher.threads.clear()
    await asyncio.gather(*(attempt(api, f"nobody{n}@example.org") for n in range(50)))
    assert len(WatchedHasher.threads) == 10


@WATCHED
async def test_b4_an_ipv6_customer_has_one_limit_for_all_their_addresses(api: Api, db: None) -> None:
    WatchedHasher.threads.clear()
    own = (f"2001:db8:0:7::{n:x}" for n in range(50))
    await asyncio.gather(*(attempt(api, f"nobody{n}@example.org", ip=ip) for n, ip in enumerate(own)))
    assert len(WatchedHasher.threads) == 10
    assert (await attempt(api, "somebody@example.org", ip="2001:db8:0:8::1")).status_code == 401


@WATCHED
async def test_b4_the_page_has_the_same_limits_and_keeps_what_was_typed(
    api: Api, browser: Browser, ana: User
) -> None:
    for _ in range(5):
        await attempt(api, ana.email, ip="127.0.0.1")
    WatchedHasher.threads.clear()
    page = await browser.sign_in(ana.email, PASSWORD)
    assert (page.status_code, WatchedHasher.threads) == (429, [])
    assert int(page["Retry-After"]) > 0
    assert ana.email in page.content.decode()
    assert "Wait " in page.content.decode()
    assert PASSWORD not in page.content.decode()


async def test_b1_too_many_tries_look_the_same_for_every_address(
    api: Api, make_user: Callable[..., User]
) -> None:
    known, disabled = await run_db(make_user), await run_db(make_user, is_active=False)
    unverified = await run_db(make_user, email_verified_at=None)
    seen = []
    for number, email in enumerate((known.email, disabled.email, unverified.email, "nobody@example.org")):
        answers = [await attempt(api, email, PASSWORD + "r", ip=f"203.0.113.{number}") for _ in range(7)]
        seen.append([outside(answer) for answer in answers])
    assert [status for status, *_ in seen[0]] == [401] * 5 + [429] * 2
    assert seen[0] == seen[1] == seen[2] == seen[3]


@WATCHED
async def test_b2_every_sign_in_that_fails_does_the_same_work(
    api: Api, make_user: Callable[..., User], statements: Any
) -> None:
    known, disabled = await run_db(make_user), await run_db(make_user, is_active=False)
    unverified, unusable = await run_db(make_user, email_verified_at=None), await run_db(make_user)
    await User.objects.filter(id=unusable.id).aupdate(password="!")
    work = []
    for number, email in enumerate(
        (known.email, "nobody@example.org", disabled.email, unverified.email, unusable.email)
    ):
        for password in (WRONG, PASSWORD) if email != known.email else (WRONG, WRONG):
            WatchedHasher.threads.clear()
            async with statements() as said:
                await attempt(api, email, password, ip=f"203.0.113.{number}")
            audit = [each for each in said if "auditevent" in each]  # no answer waits for it
            work.append((len(WatchedHasher.threads), [each for each in said if each not in audit]))
    assert [hashes for hashes, _ in work] == [1] * 10
    assert all(said == work[0][1] for _, said in work[::2])
    assert all(said == work[1][1] for _, said in work[1::2])


async def test_b5_after_a_hundred_failures_a_right_password_is_not_enough(
    api: Api, ana: User, settings: Any
) -> None:
    for number in range(100):
        assert (await attempt(api, ana.email, ip=f"203.0.113.{number}")).status_code == 401
        await an_hour_passes(settings)
    await cache().client.flushdb()
    locked = await attempt(api, ana.email, PASSWORD, ip="198.51.100.7")
    await an_hour_passes(settings)
    wrong = await attempt(api, "nobody@example.org", PASSWORD, ip="198.51.100.7")
    assert outside(locked) == outside(wrong)
    (mail,) = await mails("sign_in_locked")
    assert mail.to == ana.email
    assert await AuditEvent.objects.filter(action="sign_in.locked", user_id=ana.id).acount() == 1
    await api.post("auth/password-resets", {"email": ana.email})
    reset = {"token": await link_token("reset_password"), "password": NEW}
    assert (await api.post("auth/password-resets/confirm", reset)).status_code == 204
    assert (await attempt(api, ana.email, NEW, ip="198.51.100.8")).status_code == 200


async def test_b5_the_waits_grow_to_a_quarter_of_an_hour_and_outlive_the_cache(
    api: Api, ana: User, settings: Any
) -> None:
    waits = []
    for number in range(12):
        answer = await attempt(api, ana.email, ip=f"203.0.113.{number}")
        if answer.status_code == 429:
            waits.append(int(answer["Retry-After"]))
            await FailedProof.objects.aupdate(last_at=F("last_at") - timedelta(seconds=waits[-1]))
            await close_cache()
            settings.CACHE_PREFIX += "-emptied"
            assert (await attempt(api, ana.email, ip=f"203.0.113.{number}")).status_code == 401
    assert [round(wait / 60) for wait in waits] == [1, 2, 4, 8, 15, 15, 15]


async def test_b5_a_success_ends_the_row(api: Api, ana: User) -> None:
    for _ in range(2):
        for _ in range(4):
            assert (await attempt(api, ana.email)).status_code == 401
        assert (await attempt(api, ana.email, PASSWORD)).status_code == 200
    assert not await FailedProof.objects.aexists()


async def test_b6_nobody_can_keep_the_owner_out_of_a_browser_they_have_used(
    api: Api, browser: Browser, ana: User
) -> None:
    assert (await browser.sign_in(ana.email)).status_code == 303
    await browser.send("/sign-out", shown_at="/settings/profile")
    for number in range(200):
        await attempt(api, ana.email, ip=f"203.0.113.{number}")
    assert (await attempt(api, ana.email, PASSWORD, ip="198.51.100.7")).status_code == 429
    assert (await browser.sign_in(ana.email)).status_code == 303


async def test_b6_whoever_sets_a_new_password_by_mail_is_let_in_while_others_guess(
    api: Api, browser: Browser, ana: User
) -> None:
    for number in range(50):
        await attempt(api, ana.email, ip=f"203.0.113.{number}")
    await browser.send("/forgot-password", email=ana.email)
    await browser.get(f"/reset-password?token={await link_token('reset_password')}")
    assert (await browser.send("/reset-password", password=NEW)).status_code == 303
    for number in range(50):
        await attempt(api, ana.email, ip=f"203.0.113.{number}")
    assert (await browser.sign_in(ana.email, NEW)).status_code == 303


async def test_b6_a_known_browser_has_a_limit_of_its_own_and_is_known_for_its_person_only(
    browser: Browser, ana: User, ben: User, api: Api
) -> None:
    await browser.sign_in(ana.email)
    await browser.send("/sign-out", shown_at="/settings/profile")
    answers = [(await browser.sign_in(ana.email, WRONG)).status_code for _ in range(8)]
    assert answers == [422] * 5 + [429] * 3
    for number in range(50):
        await attempt(api, ben.email, ip=f"203.0.113.{number}")
    assert (await browser.sign_in(ben.email)).status_code == 429


async def test_b6_a_browser_that_several_people_use_knows_each_of_them(
    browser: Browser, ana: User, ben: User, api: Api
) -> None:
    for person in (ana, ben):
        await browser.sign_in(person.email)
        await browser.send("/sign-out", shown_at="/settings/profile")
    for number in range(50):
        await attempt(api, ana.email, ip=f"203.0.113.{number}")
        await attempt(api, ben.email, ip=f"203.0.113.{number}")
    for person in (ana, ben):
        assert (await browser.sign_in(person.email)).status_code == 303
        await browser.send("/sign-out", shown_at="/settings/profile")


async def test_b6_a_forged_device_is_a_stranger(browser: Browser, ana: User, api: Api) -> None:
    for number in range(50):
        await attempt(api, ana.email, ip=f"203.0.113.{number}")
    for forged in ("x", "." * 500, "A" * 75):
        browser.client.cookies["device"] = forged
        assert (await browser.sign_in(ana.email)).status_code == 429


async def test_b7_what_a_stranger_says_of_their_address_makes_no_difference(
    api: Api, db: None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = []
    answers = [
        await attempt(api, f"nobody{n}@example.org", ip=f"203.0.113.{n}, 198.51.100.{n}") for n in range(50)
    ]
    assert [answer.status_code for answer in answers].count(401) == 10
    assert answers[-1].status_code == 429


async def test_b6_a_session_that_guesses_its_person_s_password_is_slowed_down_alone(
    api: Api, other_api: Api, ana: User
) -> None:
    await api.sign_in(ana.email)
    await other_api.sign_in(ana.email)
    guess = {"current_password": WRONG, "new_password": NEW}
    answers = [(await api.post("auth/me/password", guess)).status_code for _ in range(8)]
    assert answers == [400] * 5 + [429] * 3
    right = {"current_password": PASSWORD, "new_password": NEW}
    assert (await other_api.post("auth/me/password", right)).status_code == 204
