"""The registry of the tables that a person's export follows, each with the file it becomes.

Every model is in TABLES or, with a reason, in LEFT_OUT: an app registers its own in its module `personal_data`.
Columns of bytes (secrets, hashes, envelopes) and password hashes are never exported, nor which colleague it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BinaryField, Field, Model, Q, QuerySet


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as people read it, in a CSV file: headings in words, names instead of ids, plain decimals.

    `line` makes the cells under the headings from a row of the columns that it `reads`, also over relations. Texts
    among them have been through `archive.plain`.
    """

    headings: tuple[str, ...]
    reads: tuple[str, ...]
    line: Callable[[Mapping[str, Any]], Iterable[str]]
    order: tuple[str, ...] = ("pk",)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the name of its file, and the condition that a person's rows meet.

    Decimals are amounts in the row's `currency`, if it has one, except for `counts`, such as quantities.
    """

    name: str
    model: type[Model]
    whose: Callable[[UUID], Q]
    hidden: tuple[str, ...] = ()
    sheet: Sheet | None = None  # also as CSV
    counts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The model's label, such as `accounts.User`."""
        return self.model._meta.label

    @property
    def columns(self) -> list[str]:
        """The names of the columns that are exported."""
        names = [field.attname for field in self.model._meta.concrete_fields if _shown(field)]
        return [name for name in names if name not in self.hidden]

    def rows(self, user_id: UUID) -> "QuerySet[Any, dict[str, Any]]":
        """The person's rows, oldest first."""
        mine: QuerySet[Any] = QuerySet(self.model)
        return mine.filter(self.whose(user_id)).order_by("pk").values(*self.columns)

    def batches(self, user_id: UUID, size: int) -> Iterator[list[dict[str, Any]]]:
        """The person's rows, so many at a time, as they are when their batch is read."""
        return self._batches(user_id, size, self.columns, ("pk",))

    def lines(self, user_id: UUID, size: int) -> Iterator[list[Iterable[str]]]:
        """The lines of its sheet, so many at a time; none where it has no sheet."""
        if self.sheet is not None:
            for rows in self._batches(user_id, size, self.sheet.reads, self.sheet.order):
                yield [self.sheet.line(row) for row in rows]

    def _batches(
        self, user_id: UUID, size: int, columns: Sequence[str], order: Sequence[str]
    ) -> Iterator[list[dict[str, Any]]]:
        """The ids are read first, in one statement: by them no plan is slow, however many rows others have."""
        ids = list(self.rows(user_id).order_by(*order).values_list("pk", flat=True))
        table: QuerySet[Any] = QuerySet(self.model)
        for start in range(0, len(ids), size):
            batch = table.filter(pk__in=ids[start : start + size])
            yield list(batch.order_by(*order).values(*columns))


TABLES: list[Table] = []  # in the order of the archive
LEFT_OUT: dict[str, str] = {}  # the reason, by the model's label


def register(*tables: Table, left_out: Mapping[str, str]) -> None:
    """Add an app's tables, and the reasons for its models without personal data."""
    TABLES.extend(tables)
    LEFT_OUT.update(left_out)


def by(path: str) -> Callable[[UUID], Q]:
    """The rows whose column or relation `path` is the person's id."""
    return lambda user_id: Q(**{path: user_id})


def _shown(field: "Field[Any, Any]") -> bool:
    return not isinstance(field, BinaryField) and field.name != "password" and not field.name.endswith("hash")
