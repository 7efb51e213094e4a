"""The observations near a delivery: what the engine must see to place its new rows, read in two statements."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database

from providers.ledger.identity.absence import EXPIRES
from providers.ledger.identity.records import Cover, Held, Row, State, Status
from providers.ledger.observations import sql
from providers.ledger.observations.models import Observation, Source

NEAR = timedelta(days=10)
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


def may_expire(source: Source, covers: Sequence[Cover]) -> bool:
    """True if provisional rows from long before the windows may have to go."""
    windows = [cover for cover in covers if Status.PENDING in cover.statuses]
    if not windows:
        return False
    oldest = max(min(cover.first, cover.last - EXPIRES) for cover in windows)
    waiting = Observation.objects.filter(source=source, state=State.LIVE, status__lt=Status.POSTED.value)
    return waiting.filter(date__lt=oldest).exists()


def near(
    source: Source, sources: Sequence[int], rows: Sequence[Row], ids: Sequence[str], absent: Sequence[int]
) -> list[Held]:
    """Every observation of each event that one of the rows may tell of, or that is absent."""
    spans = _spans({row.date for row in rows})
    named = {row.id for row in rows} | {row.replaces for row in rows} | set(ids)
    arguments: dict[str, Any] = {
        "source": source.id,
        "sources": list(sources),
        "dates": [row.date for row in rows],
        "amounts": [row.amount for row in rows],
        "units": [row.unit for row in rows],
        "ids": sorted(named - {""}),
        "absent": list(absent),
        "lows": [low for low, _ in spans],
        "highs": [high for _, high in spans],
        "oldest": min((row.date for row in rows), default=date.today()) - PROVISIONAL,  # noqa: DTZ011 any day
    }
    with database.cursor() as cursor:
        cursor.execute(sql.NEAR, arguments)
        return [_held(source, row) for row in cursor.fetchall()]


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
    key, event, source_id, row_id, day, amount, unit, status, text, row_hash, state, at, replaces = row
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
    )
