"""Late rows: hundreds of old ones at once, from a source that had been read to its end before."""

from datetime import timedelta

from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Row, Status

OLD = timedelta(days=60)
MANY = 100  # of one statement: from here on the person is asked first


def late(desk: Desk) -> list[Row]:
    """The rows without an event that are so old and so many that a fault of the feed is likely."""
    delivery = desk.delivery
    if not delivery.settled or delivery.from_file:
        return []
    edge = delivery.at.date() - OLD
    old = [row for row in desk.free.values() if row.status == Status.POSTED and row.date < edge]
    return old if len(old) >= MANY else []
