"""Absence: observations that a complete statement leaves out are withdrawn, unless they are many."""

from datetime import timedelta

from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Held, State, Status

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
    desk.draft.withdrawn += missing


def _expired(desk: Desk, held: Held) -> bool:
    """True for a provisional row from long before the window, which nobody will ever state again."""
    return held.status == Status.PENDING and any(
        Status.PENDING in cover.statuses and held.date < cover.first and cover.last - held.date > EXPIRES
        for cover in desk.delivery.covers
    )
