"""Absence: observations that a complete statement leaves out are withdrawn, unless they are many."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from providers.ledger.identity.assign import Edge, assign
from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Held, Reason, State, Status
from providers.ledger.identity.signals import Advice, compare
from providers.ledger.identity.texts import Likeness, likeness

BOOKED = timedelta(days=10)  # from a pending row to the booked one beside it
EXPIRES = timedelta(days=45)  # no authorisation lives longer
SUDDEN = 4  # booked rows that vanish at once: from here on the person is asked first


def withdraw(desk: Desk) -> None:
    """Withdraw what the delivery would have stated and did not."""
    delivery = desk.delivery
    if not delivery.covers and not delivery.gone:
        return
    placed = {item.event for item in desk.draft.placed}
    missing = [
        held
        for held in desk.mine
        if held.state == State.LIVE
        and held.at <= delivery.at  # an older statement knows nothing of it
        and held.event not in desk.used
        and held.event not in placed
        and (delivery.covered(held) or _expired(desk, held))
    ]
    booked = [held for held in missing if held.status == Status.POSTED and held.id not in delivery.gone]
    if len(booked) >= SUDDEN and len(booked) > len(delivery.rows):
        desk.draft.doubted += booked
        missing = [held for held in missing if held not in booked]
    outlived = _outlived(desk, missing)
    for pending, later in outlived:
        desk.merge(later.event, pending.event)
    joined = {pending.event for pending, _ in outlived} | _booked_elsewhere(desk, missing)
    desk.draft.withdrawn += [held for held in missing if held.event not in joined]


def calm(desk: Desk) -> None:
    """End changes held back that their source states no more: it says again what stands, or something else."""
    delivery = desk.delivery
    said = {row.hash for row in delivery.rows}
    ended = {key for item in desk.draft.placed for key in item.ended}
    desk.draft.over += [
        held
        for held in desk.mine
        if held.state == State.HELD
        and held.key not in ended
        and held.hash not in said
        and held.at <= delivery.at
        and (held.event in desk.used or delivery.covered(held))
    ]


def _outlived(desk: Desk, missing: Sequence[Held]) -> list[tuple[Held, Held]]:
    """Pending rows that end now, each with the booked one that its source has stated beside it for a while.

    The booked row came later, under the same name, and has not been a pending one itself.
    """
    waiting = [held for held in missing if held.status == Status.PENDING]
    if not waiting:
        return []
    taken = {held.event for held in (*missing, *desk.mine) if held.status < Status.POSTED}
    taken |= {held.event for held in missing} | {item.event for item in desk.draft.placed if item.event}
    booked = [held for held in desk.live.values() if held.state == State.LIVE and held.event not in taken]
    pairs = [(one, held) for one in waiting for held in booked if _is_booking(one, held)]
    found: dict[UUID, tuple[Held, Held]] = {}
    for one, held in sorted(pairs, key=lambda pair: (pair[1].date - pair[0].date, pair[0].key, pair[1].key)):
        if one.event not in found and held.event not in taken:
            found[one.event] = (one, held)
            taken.add(held.event)
    return list(found.values())


def _booked_elsewhere(desk: Desk, missing: Sequence[Held]) -> set[UUID]:
    """Join pending rows that end now with their booked form, where another source had that one first.

    The row that states it has been given to the other source's event, which goes on as the pending row's.
    """
    waiting = [held for held in missing if held.status == Status.PENDING]
    placed = desk.draft.placed
    rows = [(n, item) for n, item in enumerate(placed) if waiting and item.reason == Reason.OBSERVER]
    edges = [
        Edge(place, number, signals.worth, signals.days, item.row.amount)
        for place, item in rows
        for number, held in enumerate(waiting)
        if item.row.status == Status.POSTED
        and (signals := compare(item.row, held, missed=True))
        and signals.advice(booking=True) == Advice.LINK
    ]
    pairs, _ = assign(edges)
    for pair in pairs:
        item, event = placed[pair.left], waiting[pair.right].event
        if item.event is not None:
            desk.merge(item.event, event)
            ended = {*item.ended, *desk.told.get(event, ())}
            placed[pair.left] = replace(item, event=event, ended=tuple(sorted(ended)))
    return {waiting[pair.right].event for pair in pairs}


def _is_booking(one: Held, held: Held) -> bool:
    same = (one.amount, one.unit) == (held.amount, held.unit) and one.key < held.key
    near = timedelta() <= held.date - one.date <= BOOKED
    return same and near and likeness(one.text, held.text) == Likeness.SAME


def _expired(desk: Desk, held: Held) -> bool:
    """True for a provisional row from long before the window, which nobody will ever state again."""
    return held.status == Status.PENDING and any(
        Status.PENDING in cover.statuses and held.date < cover.first and cover.last - held.date > EXPIRES
        for cover in desk.delivery.covers
    )
