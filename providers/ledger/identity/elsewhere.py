"""Rows that other sources state word for word: counted by day, and in their order where the days differ."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping

from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Content, Held, Reason, Row, State
from providers.ledger.identity.signals import OBSERVER_DAYS
from providers.ledger.identity.texts import normalised


def count(desk: Desk) -> None:
    """Count against what other sources state of events that this one has never told of; a text must name something."""
    told = {held.event for held in desk.mine}
    theirs: dict[Content, deque[Held]] = defaultdict(deque)
    for held in sorted(desk.others, key=lambda held: (held.state, held.key)):
        if held.state in (State.LIVE, State.GONE) and held.event not in told and normalised(held.text):
            theirs[held.content].append(held)
    if not theirs:
        return
    _in_order(desk, theirs)
    for row in list(desk.free.values()):
        known = theirs.get(row.content)
        while known and row.place in desk.free:
            held = known.popleft()
            if held.event not in desk.used:
                desk.place(row, held.event, Reason.OBSERVER)


def _in_order(desk: Desk, theirs: Mapping[Content, deque[Held]]) -> None:
    """Pair rows that are equal but for their days, one after the other, where that leaves none over.

    Day by day, the first and the last of a row of equal rides would be left, though the statement covers both.
    """
    ours: dict[Content, list[Row]] = defaultdict(list)
    for row in desk.free.values():
        ours[row.content].append(row)
    stated = Counter({content: len(rows) for content, rows in ours.items()})
    held = Counter({content: len(known) for content, known in theirs.items()})
    over = {what[1:] for what in held - stated if any(_expected(desk, each) for each in theirs[what])}
    for money in over & {what[1:] for what in stated - held}:
        rows = sorted((r for what, found in ours.items() if what[1:] == money for r in found), key=_day)
        known = sorted((h for what, found in theirs.items() if what[1:] == money for h in found), key=_day)
        near = all(abs((r.date - h.date).days) <= OBSERVER_DAYS for r, h in zip(rows, known, strict=False))
        one_each = len({each.event for each in known} - desk.used) == len(known) == len(rows)
        for row, each in zip(rows, known, strict=True) if one_each and near else ():
            desk.place(row, each.event, Reason.OBSERVER)


def _expected(desk: Desk, held: Held) -> bool:
    return desk.delivery.covered(held) or desk.delivery.within(held)


def _day(each: Row | Held) -> object:
    return each.date
