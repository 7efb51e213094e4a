"""Crowds of strangers, who may not hold up the people who are signed in."""

import asyncio
from types import SimpleNamespace
from typing import Any

from dashtam.web import strangers

CROWD = 20


def request(method: str = "GET", principal: object = None) -> Any:
    return SimpleNamespace(method=method, principal=principal)


def goes_through(asked: Any) -> bool:
    """True if the answer leaves without waiting for anything."""
    room = strangers.make_room(asked, strangers.now() - 1)
    try:
        room.send(None)
    except StopIteration:
        return True
    room.close()
    return False


async def test_s02_strangers_among_themselves_do_not_wait() -> None:
    assert all(goes_through(request()) for _ in range(CROWD))


async def test_s02_while_people_are_at_work_strangers_go_one_after_the_other_and_people_pass_them() -> None:
    assert goes_through(request(principal="ana"))
    crowd = [asyncio.create_task(strangers.make_room(request(), strangers.now() - 1)) for _ in range(CROWD)]
    await asyncio.sleep(0)
    assert goes_through(request(principal="ana"))
    assert not any(one.done() for one in crowd)
    left = []
    for one in asyncio.as_completed(crowd):
        await one
        left.append(sum(each.done() for each in crowd))
    assert left == list(range(1, CROWD + 1))


async def test_s02_changes_have_limits_of_their_own_and_do_not_wait() -> None:
    assert goes_through(request(principal="ana"))
    assert goes_through(request(method="POST"))
