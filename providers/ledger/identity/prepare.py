"""One delivery put in order before it meets what is held: ids that name nothing, repeats, earlier forms."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from providers.ledger.identity.records import Grade, Row, Status
from providers.ledger.identity.texts import says_nothing


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows to be placed, and those that are an earlier form of another in the same delivery (its place)."""

    rows: Sequence[Row]
    absorbed: Sequence[tuple[Row, int]]
    worthless: int  # rows under an id that names several


def prepare(rows: Sequence[Row], grade: Grade) -> Prepared:
    """Order one delivery's rows. Rows whose id is no id lose it; their order stays."""
    if grade == Grade.NONE:
        return Prepared([_without_id(row) if row.id else row for row in rows], [], 0)
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_id[row.id].append(row)
    nothing = {name for name in by_id if not name or says_nothing(name)}
    if len(by_id) == len(rows) and not nothing and not any(row.replaces for row in rows):
        return Prepared(rows, [], 0)
    several = {name for name, same in by_id.items() if name not in nothing and _several(same)}
    heirs = _heirs({name: same for name, same in by_id.items() if name not in nothing | several})
    kept, absorbed, met = [], [], set()
    for row in rows:
        if row.id in nothing or row.id in several:
            kept.append(_without_id(row))
        elif (heir := heirs.get(row.place)) is not None:
            absorbed.append((row, heir))
        elif row.hash not in met:
            kept.append(row)
            met.add(row.hash)
    return Prepared(kept, absorbed, sum(len(by_id[name]) for name in several))


def _without_id(row: Row) -> Row:
    """The row as one that no id names; `replace` takes five times as long."""
    return Row(
        row.place, "", row.date, row.amount, row.unit, row.status, row.text, row.hash, replaces=row.replaces
    )


def _several(same: Sequence[Row]) -> bool:
    """True if one id stands on rows that differ, other than a provisional row and its booked form."""
    return any(len({row.hash for row in same if row.status == status}) > 1 for status in Status)


def _heirs(by_id: dict[str, list[Row]]) -> dict[int, int]:
    """By place, the place of the row that an earlier form belongs to."""
    heirs: dict[int, int] = {}
    for same in by_id.values():
        last = max(same, key=lambda row: row.status)
        heirs |= {row.place: last.place for row in same if row.status < last.status}
    for same in by_id.values():
        for row in same:
            for earlier in by_id.get(row.replaces, ()) if row.replaces else ():
                if row.place != earlier.place:
                    heirs.setdefault(earlier.place, row.place)
    return {place: end for place in heirs if (end := _end(place, heirs)) is not None}


def _end(place: int, heirs: dict[int, int]) -> int | None:
    """The last of a chain; None for rows that replace each other in a circle."""
    met = {place}
    while place in heirs:
        place = heirs[place]
        if place in met:
            return None
        met.add(place)
    return place
