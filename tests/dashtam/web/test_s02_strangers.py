"""Crowds of strangers, who may not hold up the people who are signed in."""

import asyncio
from types import SimpleNamespace
from typing import Any

from django.conf import settings

from dashtam.web import strangers

CROWD = 20


def request(method: str = "GET", principal: object = None, **meta: str) -> Any:
    return SimpleNamespace(method=method, principal=principal, META=meta, path="/")


class Work:
    """Answers requests, once each has given the loop to others, and counts how many are worked on."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0

    async def answer(self, _: Any) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        self.done += 1
        return "answer"

    async def crowd(self, asked: Any) -> None:
        answers = await asyncio.gather(*(strangers.in_turn(asked, self.answer) for _ in range(CROWD)))
        assert answers == ["answer"] * CROWD


async def test_s02_strangers_among_themselves_do_not_wait() -> None:
    work = Work()
    await work.crowd(request())
    assert work.most == CROWD


async def test_s02_while_people_are_at_work_strangers_go_one_after_the_other_and_people_pass_them() -> None:
    work, people = Work(), Work()
    await strangers.in_turn(request(principal="ana"), people.answer)
    crowd = asyncio.create_task(work.crowd(request()))
    await asyncio.sleep(0)
    await people.crowd(request(principal="ana", HTTP_AUTHORIZATION="Bearer hers"))
    assert people.most == CROWD
    assert work.done < CROWD
    await crowd
    assert work.most == 1


async def test_s02_a_worthless_credential_is_looked_at_and_its_answer_leaves_in_turn() -> None:
    for meta in (
        {"HTTP_AUTHORIZATION": "Bearer forged"},
        {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}=x"},
    ):
        work = Work()
        await strangers.in_turn(request(principal="ana"), work.answer)
        crowd = [asyncio.create_task(strangers.in_turn(request(**meta), work.answer)) for _ in range(CROWD)]
        left = []
        for one in asyncio.as_completed(crowd):
            await one
            left.append(sum(each.done() for each in crowd))
        assert left == list(range(1, CROWD + 1))


async def test_s02_changes_have_limits_of_their_own_and_do_not_wait() -> None:
    work = Work()
    await strangers.in_turn(request(principal="ana"), work.answer)
    await work.crowd(request(method="POST"))
    assert work.most == CROWD
