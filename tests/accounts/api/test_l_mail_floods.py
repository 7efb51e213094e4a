"""Mail that a stranger can make us send: its limits, its cost, and the sameness of all answers."""

import asyncio
from collections.abc import Callable
from typing import Any

from django.test import override_settings

from accounts.models import User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.accounts.hashers import WatchedHasher
from tests.conftest import PASSWORD

NEWCOMER = {"email": "zoe@example.org", "password": PASSWORD, "name": "Zoë"}
WATCHED = override_settings(PASSWORD_HASHERS=["tests.accounts.hashers.WatchedHasher"])


async def test_l4_twenty_requests_for_a_reset_are_one_mail(api: Api, ana: User) -> None:
    answers = [await api.post("auth/password-resets", {"email": ana.email}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {202}
    assert len(await mails("reset_password")) == 1


async def test_l4_the_link_of_the_one_mail_still_works(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    token = await link_token("reset_password")
    await api.post("auth/password-resets", {"email": ana.email})
    reset = {"token": token, "password": "gigantic wombat on a bicycle"}
    assert (await api.post("auth/password-resets/confirm", reset)).status_code == 204


async def test_l4_twenty_requests_for_a_confirmation_are_one_mail(api: Api, make_user: Any) -> None:
    zoe = await run_db(make_user, "Zoe", email_verified_at=None)
    answers = [await api.post("auth/email-verifications/resend", {"email": zoe.email}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {202}
    assert len(await mails("verify_email")) == 1


@WATCHED
async def test_l4_one_address_can_be_signed_up_three_times(api: Api, db: None) -> None:
    WatchedHasher.threads.clear()
    answers = await asyncio.gather(*(api.post("auth/users", NEWCOMER) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 17
    assert len(await mails("verify_email")) == len(WatchedHasher.threads) == 3


async def test_l4_no_more_than_six_mails_go_to_one_mailbox_whatever_is_asked(
    api: Api, make_user: Any, settings: Any
) -> None:
    zoe = await run_db(make_user, "Zoe", email_verified_at=None)
    for _ in range(20):
        await api.post("auth/users", NEWCOMER | {"email": zoe.email})
        await api.post("auth/password-resets", {"email": zoe.email})
        await api.post("auth/email-verifications/resend", {"email": zoe.email})
    sent = [await mails(kind) for kind in ("verify_email", "reset_password", "address_known")]
    assert sum(map(len, sent)) <= 6


async def test_l4_one_network_address_can_ask_for_twenty_mails(api: Api, db: None) -> None:
    bodies = [{"email": f"nobody{number}@example.org"} for number in range(30)]
    answers = [await api.post("auth/password-resets", body) for body in bodies]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429] * 10
    assert int(answers[-1]["Retry-After"]) > 0


@WATCHED
async def test_b4_one_network_address_can_sign_up_twenty_times(api: Api, db: None) -> None:
    WatchedHasher.threads.clear()
    bodies = [NEWCOMER | {"email": f"zoe{number}@example.org"} for number in range(30)]
    answers = await asyncio.gather(*(api.post("auth/users", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] * 20 + [429] * 10
    assert len(WatchedHasher.threads) == 20


@WATCHED
async def test_b4_one_link_sets_a_password_so_many_times_only(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    reset = {"token": await link_token("reset_password"), "password": "gigantic wombat on a bicycle"}
    WatchedHasher.threads.clear()
    answers = await asyncio.gather(*(api.post("auth/password-resets/confirm", reset) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {204, 410, 429}
    assert len(WatchedHasher.threads) <= 10


async def test_b4_made_up_tokens_are_not_taken_for_ever(api: Api, db: None) -> None:
    for path, body in (
        ("auth/tokens/refresh", {"refresh_token": "A" * 75}),
        ("auth/email-verifications", {"token": "A" * 75}),
        ("auth/email-changes/confirm", {"token": "A" * 75}),
        ("auth/email-changes/stop", {"token": "A" * 75}),
        ("auth/password-resets/confirm", {"token": "A" * 75, "password": PASSWORD}),
    ):
        answers = [(await api.post(path, body)).status_code for _ in range(40)]
        assert answers[-1] == 429, path


async def test_b4_a_session_is_not_refreshed_without_end(api: Api, ana: User) -> None:
    pair = await api.sign_in(ana.email)
    answers = []
    for _ in range(80):  # more than sixty, for what comes back meanwhile on a slow machine
        answer = await api.post("auth/tokens/refresh", {"refresh_token": pair["refresh_token"]})
        answers.append(answer.status_code)
        pair = answer.json() if answer.status_code == 200 else pair
    assert answers[:60] == [200] * 60
    assert 429 in answers[60:]


async def test_b3_limits_tell_nobody_which_addresses_are_known(api: Api, ana: User) -> None:
    for path in ("auth/users", "auth/password-resets", "auth/email-verifications/resend"):
        seen = []
        for email in (ana.email, "nobody@example.org"):
            answers = [await api.post(path, NEWCOMER | {"email": email}) for _ in range(5)]
            seen.append([(answer.status_code, answer.get("Content-Type", "")) for answer in answers])
        assert seen[0] == seen[1], path


async def test_b2_mail_links_cost_the_same_statements_whoever_asks(
    api: Api, make_user: Callable[..., User], statements: Any
) -> None:
    known, disabled = await run_db(make_user), await run_db(make_user, is_active=False)
    unverified = await run_db(make_user, email_verified_at=None)
    for path in ("auth/password-resets", "auth/email-verifications/resend"):
        work = []
        for email in (known.email, disabled.email, unverified.email, "nobody@example.org"):
            async with statements() as said:
                await api.post(path, {"email": email})
            # A commit or a rollback is one word; here, inside the test's own transaction, a rollback is two.
            work.append([each for each in said if "SAVEPOINT" not in each])
        assert len({len(each) for each in work}) == 1, (path, work)


async def test_the_pages_of_limits_keep_what_was_typed(browser: Browser, db: None) -> None:
    filled = {"name": "Zoë", "email": "zoe@example.org", "password": PASSWORD}
    for _ in range(3):
        assert (await browser.send("/sign-up", **filled)).status_code == 303
    page = await browser.send("/sign-up", **filled)
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    assert all(word in page.content.decode() for word in ("zoe@example.org", "Zoë", "Wait "))
    assert PASSWORD not in page.content.decode()
