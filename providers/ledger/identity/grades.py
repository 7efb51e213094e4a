"""Grades of ids at run time: the evidence that ids are worth less than their source declares."""

from collections.abc import Mapping, Sequence

from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Grade, Held, State, Status

BLOCK = 3  # equal rows under new ids, over more than one day, that are no coincidence


def loose(desk: Desk, held: Held) -> bool:
    """True if the event may go on under another id: its own is lost, or was never worth much."""
    delivery = desk.delivery
    if delivery.grade <= Grade.POSITIONAL or held.old_ids or held.key in desk.displaced:
        return True
    if names_several(desk, held):
        return True
    if desk.named(held):
        return False
    return (
        delivery.grade == Grade.BATCH
        or held.state == State.GONE
        or delivery.covered(held)
        or delivery.within(held)
    )


def names_several(desk: Desk, held: Held) -> bool:
    """True if the id stands for several events today: it proves nothing, and another id is no evidence."""
    return len({known.event for known in desk.by_id.get(held.id, ()) if known.state == State.LIVE}) > 1


def reminted_block(desk: Desk, held: Mapping[object, Sequence[Held]]) -> bool:
    """True if a source without windows states its history again under new ids: whole days of equal rows.

    A few of many rows prove nothing, for whoever takes the same bus twice a day has equal rows.
    """
    if desk.delivery.grade != Grade.STABLE or desk.delivery.continues or not held:
        return False
    stated = desk.stated
    latest = max((h.date for h in desk.mine if h.state == State.LIVE), default=None)
    old = [row for row in desk.free.values() if latest and row.date <= latest and row.status == Status.POSTED]
    left = {content: sum(h.id not in stated for h in known) for content, known in held.items()}
    again = []
    for row in old:
        if left.get(row.content, 0) > 0:
            left[row.content] -= 1
            again.append(row)
    if len(again) < BLOCK or len({row.date for row in again}) < 2 or len(again) * 5 < len(old) * 4:
        return False
    told = (
        sum(row.status == Status.POSTED and row.date <= latest for row in desk.delivery.rows) if latest else 0
    )
    return len(again) * 2 >= told


def fallen(desk: Desk) -> tuple[Grade, str]:
    """The grade after this delivery, and the evidence if it is lower than before."""
    grade, worthless = desk.delivery.grade, desk.delivery.worthless
    if worthless > 1 and worthless * 2 >= len(desk.delivery.rows):
        return min(grade, Grade.NONE), f"{worthless} rows of one delivery share ids"
    lost = {held.event for held in desk.mine if held.key in desk.displaced}
    found = any(item.event in lost for item in desk.draft.placed)
    if desk.conflicts > 1 or (desk.conflicts and found):
        return min(grade, Grade.POSITIONAL), f"{desk.conflicts} ids name other rows than before"
    if desk.reminted and not desk.delivery.continues:  # news may well take one row back and state it anew
        return min(grade, Grade.BATCH), f"{desk.reminted} rows came again under new ids"
    return grade, ""
