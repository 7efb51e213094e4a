"""The observations near a delivery: what the engine must see to place its new rows."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database

from providers.ledger.identity.absence import EXPIRES
from providers.ledger.identity.records import Cover, Held, Row, State, Status
from providers.ledger.observations import sql
from providers.ledger.observations.models import Source

NEAR = timedelta(days=10)
PART = 5000  # rows looked up at once: their table of hashes fits the memory that a statement has by default
PROVISIONAL = timedelta(days=45)
_NEVER = (date.max, date.min)


def sources_of(account_id: UUID) -> list[int]:
    """The account's feeds and files; the person's own rows are no candidates."""
    mine = Source.objects.filter(account_id=account_id).exclude(kind=Source.Kind.PERSON)
    return list(mine.values_list("id", flat=True))


def novel(
    source: Source, digests: Sequence[bytes], days: Iterable[date], covers: Sequence[Cover]
) -> tuple[list[int], list[int]]:
    """The positions of rows that the source has not said before, and the observations that it says no more."""
    first, last = _NEVER
    if covers:
        first, last = min(cover.first for cover in covers), max(cover.last for cover in covers)
    arguments: dict[str, Any] = {
        "source": source.id,
        "hashes": b"".join(digests),
        "rows": len(digests),
        "days": sorted(set(days)),
        "first": first,
        "last": last,
    }
    with database.cursor() as cursor:
        cursor.execute(sql.NOVEL, arguments)
        found = cursor.fetchall()
    return [place for place, _ in found if place is not None], [held for _, held in found if held is not None]


def unsettled(source: Source, covers: Sequence[Cover]) -> bool:
    """True if windows without news matter: old provisional rows may have to go, or vanished ones are back."""
    if not covers:
        return False
    windows = [cover for cover in covers if Status.PENDING in cover.statuses]
    oldest = max((min(cover.first, cover.last - EXPIRES) for cover in windows), default=None)
    arguments: dict[str, Any] = {
        "source": source.id,
        "oldest": oldest,
        "account": source.account_id,
        "named": UUID(int=source.id),
    }
    with database.cursor() as cursor:
        cursor.execute(sql.UNSETTLED, arguments)
        return bool(cursor.fetchone()[0])


def near(
    source: Source, sources: Sequence[int], rows: Sequence[Row], ids: Sequence[str], absent: Sequence[int]
) -> list[Held]:
    """Every observation of each event that one of the rows may tell of, or that is absent."""
    days = sorted(rows, key=lambda row: row.date)
    first = days[0].date if days else date.today()  # noqa: DTZ011 any day: there are no rows
    found: dict[int, Held] = {}
    for start in range(0, max(len(days), 1), PART):
        part = days[start : start + PART]
        named = {row.id for row in part} | {row.replaces for row in part}
        found |= _near(source, sources, part, named if start else named.union(ids), absent, first)
        absent = ()
    return [found[key] for key in sorted(found)]


def _near(
    source: Source,
    sources: Sequence[int],
    rows: Sequence[Row],
    ids: Collection[str],
    absent: Sequence[int],
    first: date,
) -> dict[int, Held]:
    spans = _spans({row.date for row in rows})
    arguments: dict[str, Any] = {
        "source": source.id,
        "sources": list(sources),
        "dates": [row.date for row in rows],
        "amounts": [row.amount for row in rows],
        "units": [row.unit for row in rows],
        "ids": sorted({*ids} - {""}),
        "absent": list(absent),
        "lows": [low for low, _ in spans],
        "highs": [high for _, high in spans],
        "oldest": first - PROVISIONAL,
    }
    with database.cursor() as cursor:
        cursor.execute(sql.NEAR, arguments)
        return {row[0]: _held(source, row) for row in cursor.fetchall()}


def _spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days near these, in spans that do not overlap."""
    spans: list[tuple[date, date]] = []
    for day in sorted(days):
        low = day - NEAR
        if spans and low <= spans[-1][1]:
            low, _ = spans.pop()
        spans.append((low, day + NEAR))
    return spans


def _held(source: Source, row: tuple[Any, ...]) -> Held:
    key, event, source_id, row_id, day, amount, unit, status, text, row_hash, state, at, replaces, until = row
    return Held(
        key=key,
        event=event,
        source=source_id,
        id=row_id,
        date=day,
        amount=amount,
        unit=unit,
        status=Status(status),
        text=text,
        hash=bytes(row_hash),
        state=State(state),
        at=at,
        replaces=replaces,
        old_ids=source_id == source.id and key <= source.old_ids_to,
        until=until,
    )
