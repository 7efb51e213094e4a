"""Cursors and pages of lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

import msgspec

from dashtam import errors
from dashtam.api.views import T
from dashtam.crypto.base64url import base64url, from_base64url

DEFAULT_LIMIT = 50

MAX_LIMIT = 500
LONGEST_CURSOR = 2_048


@dataclass(frozen=True, slots=True)
class Page:
    """The slice of a list that was asked for. `after` holds the sort key of the last row seen."""

    limit: int = DEFAULT_LIMIT
    after: tuple[str, ...] | None = None


ALL = Page(limit=100_000)  # for lists that pages show whole


def page(request: Any) -> Page:
    """The page that `?cursor=&limit=` asks for. Raises ValidationFailed."""
    raw_limit, cursor = request.GET.get("limit", ""), request.GET.get("cursor", "")
    if raw_limit and not (
        raw_limit.isascii()
        and raw_limit.isdigit()
        and 0 < int(raw_limit[:9]) <= MAX_LIMIT
        and len(raw_limit) < 9
    ):
        detail = f"Give a whole number from 1 to {MAX_LIMIT}."
        raise errors.ValidationFailed(errors=[errors.FieldError("limit", "out_of_range", detail)])
    return Page(int(raw_limit) if raw_limit else DEFAULT_LIMIT, _after(cursor) if cursor else None)


def _after(cursor: str) -> tuple[str, ...]:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        return msgspec.json.decode(from_base64url(cursor), type=tuple[str, ...])
    except (msgspec.MsgspecError, ValueError) as error:
        detail = "This cursor is not one of ours. Start without one."
        raise errors.ValidationFailed(errors=[errors.FieldError("cursor", "invalid", detail)]) from error


def invalid_cursor() -> errors.ValidationFailed:
    """For queries that find a well-formed cursor not to fit their list."""
    detail = "This cursor belongs to another list. Start without one."
    return errors.ValidationFailed(errors=[errors.FieldError("cursor", "invalid", detail)])


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of rows and where the next one starts."""

    results: Sequence[T]
    next_cursor: str | None


def listing(
    rows: Sequence[T], wanted: Page, key: Callable[[T], Sequence[str | UUID | datetime | object]]
) -> Listing[T]:
    """Cut `limit + 1` rows to a page. `key` gives the sort key of a row, as the query orders by it."""
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return Listing(rows, cursor_at(key(rows[-1])) if more else None)


def cursor_at(key: Sequence[str | UUID | datetime | object]) -> str:
    """The cursor of the page that starts after the row with this sort key."""
    parts = [part.isoformat() if hasattr(part, "isoformat") else str(part) for part in key]
    return base64url(msgspec.json.encode(parts))
