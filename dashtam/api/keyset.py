"""Pages by the sort key of the last row seen: page one and page ten thousand cost the same."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

from dashtam.api.paging import Page, cursor_at, invalid_cursor

M = TypeVar("M", bound=Model)
Parse = Callable[[str], Any]


def after(rows: QuerySet[M], page: Page, **key: Parse) -> QuerySet[M]:
    """The rows after the page's cursor, ordered by `key`, newest first where a name starts with `minus_`.

    All columns go the same way. The first one is compared on its own, so that an index on the key serves.
    Raises ValidationFailed for a cursor of another list.
    """
    down = next(iter(key)).startswith("minus_")
    names = [name.removeprefix("minus_") for name in key]
    rows = rows.order_by(*(f"-{name}" if down else name for name in names))
    if page.after is not None:
        rows = _beyond(rows, names, _values(page.after, list(key.values())), down=down)
    return rows


def previous_cursor(
    rows: QuerySet[M], page: Page, column: str, parse: Parse, *, order: Combinable | None = None
) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first.

    Of a list by `column` and id, newest first. Walks back over as many rows as a page holds. The list's own query
    has read the page's cursor already, and raised for one that does not fit. `order` is another way to say `column`.
    """
    if page.after is None:
        return None
    last, last_id = parse(page.after[0]), UUID(page.after[1])
    newer = rows.filter(**{f"{column}__gte": last}).exclude(**{column: last, "id__lt": last_id})
    found = newer.order_by(order or column, "id").values_list(column, "id")[page.limit : page.limit + 1]
    return next((cursor_at(key) for key in found), "")


def beyond(page: Page, comparison: str, *parsers: Parse) -> tuple[str, list[Any]]:
    """The same for SQL: ` AND` and a comparison of rows with its values; empty on the first page."""
    return (f" AND {comparison}", _values(page.after, parsers)) if page.after is not None else ("", [])


def _values(texts: Sequence[str], parsers: Sequence[Parse]) -> list[Any]:
    try:
        return [parse(text) for parse, text in zip(parsers, texts, strict=True)]
    except (ValueError, OverflowError):
        raise invalid_cursor() from None


def _beyond(rows: QuerySet[M], names: Sequence[str], values: Sequence[Any], *, down: bool) -> QuerySet[M]:
    onward, back = ("lt", "gt") if down else ("gt", "lt")
    rows = rows.filter(**{f"{names[0]}__{onward}e": values[0]})
    same: dict[str, Any] = {}
    seen = Q()
    for position, (name, value) in enumerate(zip(names, values, strict=True)):
        last = position == len(names) - 1
        if position or last:
            seen |= Q(**same, **{f"{name}__{back}e" if last else f"{name}__{back}": value})
        same[name] = value
    return rows.exclude(seen)


def text(value: str) -> str:
    """A text that a query may carry. Raises ValueError for NUL and half characters."""
    if "\x00" in value:
        raise ValueError
    value.encode()
    return value


def moment(value: str) -> datetime:
    """A time with its zone. Raises ValueError, or OverflowError at the ends of time."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)
