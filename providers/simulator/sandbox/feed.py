"""The change feed of an account: added, modified, removed, and an opaque cursor.

A cursor says "the client knows the books of day A, is reading up to day B, and has seen N changes on the
way". B stays fixed until its last page, so the books may move on while the client is paging.
"""

import base64
import binascii
from datetime import date
from hashlib import blake2b
from typing import Any

import msgspec

from providers.simulator.books.changes import BOOKED, moves
from providers.simulator.books.customers import Account
from providers.simulator.books.entries import Entry, Stage
from providers.simulator.books.ledger import Ledger
from providers.simulator.responses import plain


class InvalidCursorError(Exception):
    """The bank did not hand out that cursor for this account."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A place in the feed. `known` is None when the client starts from nothing."""

    known: date | None
    reading: date
    seen: int

    def encode(self, scope: str) -> str:
        """The cursor as opaque text, bound to the account and the books it belongs to."""
        body = msgspec.json.encode(self)
        return base64.urlsafe_b64encode(_check(scope, body) + body).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str, scope: str) -> "Cursor":
        """The cursor in a text. Raises InvalidCursorError."""
        try:
            blob = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            check, body = blob[:8], blob[8:]
            cursor = msgspec.json.decode(body, type=cls)
        except (binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise InvalidCursorError from error
        if check != _check(scope, body):
            raise InvalidCursorError
        return cursor


def page(ledger: Ledger, account: Account, cursor_text: str | None, limit: int) -> dict[str, Any]:
    """At most `limit` changes, oldest first. Raises InvalidCursorError."""
    scope = f"{account.id} {ledger.start}"
    cursor = Cursor.decode(cursor_text, scope) if cursor_text else Cursor(None, ledger.through, 0)
    if cursor.reading > ledger.through or cursor.seen < 0:
        raise InvalidCursorError
    if cursor.reading == cursor.known:  # the last page was read: go on to what is new
        cursor = Cursor(cursor.known, ledger.through, 0)
    changes = list(moves(ledger.entries[account.id], cursor.known, cursor.reading))
    seen = min(cursor.seen + limit, len(changes))
    shown, done = changes[cursor.seen : seen], seen == len(changes)
    known, reading = cursor.known, cursor.reading
    following = Cursor(reading, reading, 0) if done else Cursor(known, reading, seen)
    return {
        "added": [row(move.entry, move.stage, account) for move in shown if move.op == "added"],
        "modified": [row(move.entry, move.stage, account) for move in shown if move.op == "modified"],
        "removed": [{"id": move.entry.pending_id} for move in shown if move.op == "removed"],
        "next_cursor": following.encode(scope),
        "has_more": not done or cursor.reading < ledger.through,
    }


def row(entry: Entry, stage: Stage, account: Account) -> dict[str, Any]:
    """A transaction as the bank shows it: a positive amount and a direction."""
    posted, trade = stage in BOOKED, entry.trade
    amount = entry.amount if posted else entry.pending_amount
    return {
        "id": entry.id if posted else entry.pending_id,
        "posted_on": entry.settles_on.isoformat() if posted else None,
        "transacted_at": f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
        "state": "POSTED" if posted else "PENDING",
        "amount": plain(abs(amount)),
        "direction": "CREDIT" if amount > 0 else "DEBIT",
        "currency": account.currency,
        "description": entry.description if stage is Stage.AMENDED or not entry.raw else entry.raw,
        "type": entry.type,
        "pending_id": entry.pending_id if posted and entry.hold else None,
        "category": entry.category,
        "security_id": trade.security_id if trade else None,
        "units": plain(trade.units if trade else None),
        "unit_price": plain(trade.unit_price if trade else None),
        "fees": plain(trade.fees if trade else None),
    }


def _check(scope: str, body: bytes) -> bytes:
    return blake2b(scope.encode() + body, digest_size=8).digest()
