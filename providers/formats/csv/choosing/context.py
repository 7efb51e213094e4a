"""A table as it is being understood: what is settled so far, and the questions that came up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from providers.formats.csv.cells.dates import Written, read_date
from providers.formats.csv.cells.numbers import Number, read_number
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.choosing.known import Known
from providers.formats.csv.table import Table
from providers.formats.csv.understanding import Field, Layout, Question, Understanding
from providers.formats.csv.words.headings import Role

WHOLE = -1  # the place of the decimal mark that the table has as a whole


@dataclass(slots=True)
class Context:
    """`layout` is a person's, `known` a bank's, `columns` some cells of each column, `marks` the decimal marks."""

    table: Table
    understood: Understanding
    layout: Layout
    known: Known | None
    columns: Sequence[Cells]
    marks: Mapping[int, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    def ask(self, name: Field, text: str) -> None:
        """Add a question."""
        self.questions.append(Question(name, text))

    def where(self, role: Role) -> list[int]:
        """The columns of a role."""
        return self.understood.where(role)

    def only(self, role: Role) -> int | None:
        """The first column of a role."""
        return next(iter(self.where(role)), None)

    @property
    def roles(self) -> set[Role]:
        """The roles that there are."""
        return {column.role for column in self.understood.columns}

    def different(self, index: int) -> set[str]:
        """The different cells of a column, in all rows."""
        return {row.cells[index] for row in self.table.rows if index < len(row.cells)}

    def days(self, role: Role) -> list[Written]:
        """The different days in the columns of a role."""
        return [day for at in self.where(role) for cell in self.different(at) if (day := read_date(cell))]

    def numbers(self, index: int) -> list[Number]:
        """The different numbers of a column."""
        return [number for cell in self.different(index) if (number := read_number(cell))]

    def value(self, cells: Sequence[str], index: int | None) -> Decimal | None:
        """The number in a row's cell; None for what is none, or could be two."""
        number = read_number(cells[index]) if index is not None and index < len(cells) else None
        return number.value(self.marks.get(index or 0, "")) if number else None
