"""The first rows of a table, and what would become of all of them, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from providers.formats.csv.understanding import Preview, PreviewRow


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as it stands in the file, and as it is read."""

    row: PreviewRow
    day: date | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A preview for its page."""

    preview: Preview
    rows: Sequence[RowView]
    first_day: date | None
    last_day: date | None
    headings: Sequence[str]
    left_out: Sequence[str]

    @property
    def more(self) -> int:
        """How many rows of the file are not shown."""
        return max(self.preview.row_count - len(self.rows), 0)


def preview_view(preview: Preview) -> PreviewView:
    """The preview with days and amounts instead of text."""
    columns = preview.understanding.columns
    return PreviewView(
        preview=preview,
        rows=[
            RowView(row, _day(row.day), Decimal(row.amount) if row.amount else None) for row in preview.rows
        ],
        first_day=_day(preview.first_day),
        last_day=_day(preview.last_day),
        headings=[column.heading or f"Column {index}" for index, column in enumerate(columns, 1)],
        left_out=[_left_out(sort, count) for sort, count in preview.left_out],
    )


def _left_out(sort: str, count: int) -> str:
    return f"{count:,} row{' is' if count == 1 else 's are each'} {sort}"


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
