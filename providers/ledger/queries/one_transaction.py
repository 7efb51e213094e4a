"""Reads of single transactions in full: the person's words beside the feed's; and those hidden or deleted."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

import msgspec
from django.db import connection

from dashtam.api.keyset import beyond
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers.ledger import details
from providers.ledger.models import Transaction
from providers.ledger.money import plain, plain_number
from providers.ledger.queries.transactions import TransactionRow, transaction
from providers.ledger.review.records import Today, symbols, today

MOST = 50  # of a page of those set aside: each may lie in a block of its own

_SET_ASIDE = """
SELECT o.date, e.event, min(e.at)
FROM providers_edit e
JOIN providers_financialaccount a ON a.id = e.account_id
CROSS JOIN LATERAL (
    SELECT date FROM providers_observation o JOIN providers_source s ON s.id = o.source_id
    WHERE o.event = e.event AND o.state = 0 AND o.status > 0 ORDER BY o.status DESC, s.kind, o.id DESC LIMIT 1
) AS o
WHERE a.user_id = %s AND e.field IN ('hidden', 'deleted') AND e.value <> ''"""
_NEWEST_FIRST = " GROUP BY o.date, e.event ORDER BY o.date DESC, e.event DESC LIMIT %s"


class FeedWords(TypedDict):
    """The words of the feed or file, under the person's own."""

    description: str
    category: str


class TransactionInFull(TransactionRow):
    """A transaction with what its person has changed of it.

    `edited` names the fields that show the person's word, `feed` is what they show without it, and null for a row of
    the person's own. `own` is true for that one.
    """

    hidden: bool
    deleted: bool
    own: bool
    edited: list[str]
    feed: FeedWords | None


async def transaction_in_full(user_id: UUID, id: UUID, /, *, deleted: bool = False) -> TransactionInFull:
    """One transaction, also if it is hidden. Raises NotFound, unless asked otherwise also for a deleted one."""
    try:
        shown: TransactionRow | None = await transaction(user_id, id)
    except NotFound:
        shown = None
    found = await run_db(_in_full, user_id, id, shown)
    if found["deleted"] and not deleted:
        raise NotFound
    return found


async def set_aside(user_id: UUID, /, page: Page | None = None) -> Listing[TransactionInFull]:
    """The transactions that the person has hidden or deleted and that a source still states, newest first."""
    return await run_db(_set_aside, user_id, page or Page())


def _in_full(user_id: UUID, id: UUID, shown: TransactionRow | None) -> TransactionInFull:
    told = today(user_id, [id]).get(id)
    if told is not None:
        return _told(told, symbols([told]), shown)
    if shown is None:
        raise NotFound
    return _from_before(user_id, id, shown)


def _from_before(user_id: UUID, id: UUID, shown: TransactionRow) -> TransactionInFull:
    """A row that no source has been observed to state: its columns say what is the person's own."""
    rows = Transaction.objects.filter(user_id=user_id, id=id).values_list("category", "feed_category")
    category, theirs = rows.first() or ("", None)
    own = {"category": category} if theirs is not None else {}
    edits = own | ({"note": shown["note"]} if shown["note"] else {})
    feed: FeedWords = {
        "description": shown["description"],
        "category": category if theirs is None else theirs,
    }
    return _full(shown, edits, feed, own=False)


def _told(
    told: Today, symbols: dict[tuple[str, str], str], shown: TransactionRow | None
) -> TransactionInFull:
    record = told.record
    feed: FeedWords = {"description": record.description[:1000], "category": record.category[:80]}
    return _full(shown or _row(told, symbols), told.edits, None if told.own else feed, own=told.own)


def _full(
    row: TransactionRow, edits: Mapping[str, str], feed: FeedWords | None, *, own: bool
) -> TransactionInFull:
    texts = [field for field in ("note", "category", "description") if field in edits]
    return {
        **row,
        "hidden": bool(edits.get("hidden")),
        "deleted": bool(edits.get("deleted")),
        "own": own,
        "edited": texts,
        "feed": feed,
    }


def _row(told: Today, symbols: dict[tuple[str, str], str]) -> TransactionRow:
    """The row as the list would show it."""
    record, edits = told.record, told.edits
    return {
        "id": told.event,
        "account_id": told.account_id,
        "date": record.date,
        "posted_at": record.posted_at,
        "status": record.status,
        "amount": plain(record.amount, record.currency),
        "currency": record.currency,
        "description": edits.get("description", record.description[:1000]),
        "kind": record.kind,
        "symbol": symbols.get((told.provider, record.security_id)) if record.security_id else None,
        "quantity": plain_number(record.quantity),
        "price": plain_number(record.price),
        "fees": plain(record.fees, record.currency),
        "category": edits.get("category", record.category[:80]),
        "note": edits.get("note", ""),
        "details": _details(told),
    }


def _details(told: Today) -> details.TransactionDetails | None:
    record = told.record
    if record.details is None:
        return None
    return details.decoded(msgspec.json.encode(record.details).decode(), record.currency)


def _set_aside(user_id: UUID, page: Page) -> Listing[TransactionInFull]:
    page = Page(min(page.limit, MOST), page.after)
    seen, values = beyond(page, "(o.date, e.event) < (%s, %s)", date.fromisoformat, UUID)
    with connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE + seen + _NEWEST_FIRST, [user_id, *values, page.limit + 1])
        keys: list[tuple[date, UUID, datetime]] = cursor.fetchall()
    cut = listing(keys, page, lambda key: (key[0], key[1]))
    found = today(user_id, [event for _, event, _ in cut.results])
    named = symbols(found.values())
    rows = [_told(found[event], named, None) for _, event, _ in cut.results if event in found]
    return Listing(rows, cut.next_cursor)
