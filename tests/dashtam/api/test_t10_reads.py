"""What goes with answers: tags of what was read, and what is left of a limit."""

import re
from typing import Any

from accounts.models import User
from tests.accounts.conftest import Api
from tests.conftest import PASSWORD
from tests.said import listening


async def test_t10_what_has_not_changed_is_not_sent_again(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    first = await api.get("auth/me")
    tag = first["ETag"]
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', tag)
    for known in (tag, tag[2:], f'"x", {tag}', "*"):
        again = await api.get("auth/me", **{"if-none-match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert "Content-Length" not in again
        assert again["Cache-Control"] == "no-store"
    await api.call("PATCH", "auth/me", {"name": "Anna"})
    changed = await api.get("auth/me", **{"if-none-match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


async def test_t10_a_tag_costs_no_statement(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await api.get("accounts")  # from now on, the cache knows the session
    counts = []
    for headers in ({}, {"if-none-match": '"x"'}, {"if-none-match": (await api.get("accounts"))["ETag"]}):
        async with listening() as said:
            await api.get("accounts", **headers)
        counts.append(len(said))
    assert len(set(counts)) == 1


async def test_t10_head_has_the_tag_of_get_and_only_reads_have_one(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    read = await api.get("auth/me")
    assert (await api.call("HEAD", "auth/me"))["ETag"] == read["ETag"]
    for answer in (
        await api.call("PATCH", "auth/me", {"name": "Ana"}, **{"if-none-match": "*"}),
        await api.get("auth/nothing"),
        await api.get("transactions?kind=nothing"),
    ):
        assert answer.status_code != 304
        assert "ETag" not in answer


async def test_t10_hostile_tags_do_no_harm(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for tag in ("", "W/", '"', "'", "x" * 4000, '"a' * 2000, "\xff"):
        assert (await api.get("auth/me", **{"if-none-match": tag})).status_code == 200


def policy(answer: Any) -> str:
    found: str = answer["RateLimit-Policy"]
    return found


async def test_t10_limited_operations_say_what_is_left(api: Api, ana: User) -> None:
    body = {"email": ana.email, "password": PASSWORD}
    left = []
    for _ in range(3):
        answer = await api.post("auth/tokens", body)
        assert policy(answer) == '"sign-in by network";q=30;w=60'
        found = re.fullmatch(r'"sign-in by network";r=(\d+);t=(\d+)', answer["RateLimit"])
        assert found
        left.append(int(found[1]))
    assert left[0] > left[-1]
    assert left[0] <= 29


async def test_t10_a_refusal_says_that_nothing_is_left(api: Api, db: None) -> None:
    answers = [
        await api.post("auth/password-resets", {"email": f"x{number}@example.org"}) for number in range(21)
    ]
    assert answers[-1].status_code == 429
    assert "r=0" in answers[-1]["RateLimit"]
    assert int(answers[-1]["Retry-After"]) > 0


async def test_t10_counts_that_tell_of_somebody_s_account_are_not_told(api: Api, ana: User) -> None:
    for email in (ana.email, "nobody@example.org"):
        wrong = await api.post("auth/tokens", {"email": email, "password": "wrong " + PASSWORD})
        assert wrong.status_code == 401
        assert "account" not in policy(wrong)
        assert "failed" not in policy(wrong)


async def test_t10_what_has_no_limit_says_nothing_of_one(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    assert "RateLimit" not in await api.get("accounts")
