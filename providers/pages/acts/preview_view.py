"""The first rows of a table, and what would become of all of them, in words."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from providers.formats.csv.understanding import Preview, PreviewRow
from providers.formats.csv.words.headings import Role
from providers.pages.acts.preview_questions import PAIR

_COUNTED = 2_000


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as it is read. While a question is open, `written` has its day, text and amount as the file has them."""

    row: PreviewRow
    day: date | None
    amount: Decimal | None
    written: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A preview for its page."""

    preview: Preview
    rows: Sequence[RowView]
    first_day: date | None
    last_day: date | None
    left_out: Sequence[str]
    sums: Sequence[tuple[Decimal, str]]
    unasked: Sequence[str]

    @property
    def more(self) -> int:
        """How many rows of the file are not shown."""
        return max(self.preview.row_count - len(self.rows), 0)

    @property
    def open(self) -> bool:
        """True while something has to be answered before rows can be read."""
        return any(each.written for each in self.rows)

    @property
    def doubtful(self) -> bool:
        """True while an answer can change the amounts."""
        return any(question.field != "currency" for question in self.preview.understanding.questions)

    @property
    def all_counted(self) -> bool:
        """True if the sums are of all rows, and not of the first ones of a long table."""
        return self.preview.row_count <= _COUNTED


def preview_view(preview: Preview, asked: Container[str]) -> PreviewView:
    """The preview with days and amounts instead of text. `asked` are the questions that have a field of their own."""
    questions = preview.understanding.questions
    about_pair = PAIR in asked
    return PreviewView(
        preview=preview,
        rows=[_row(preview, row) for row in preview.rows],
        first_day=_day(preview.first_day),
        last_day=_day(preview.last_day),
        left_out=[_left_out(sort, count) for sort, count in preview.left_out],
        sums=[(Decimal(total), code) for code, total in preview.totals],
        unasked=[each.text for each in questions if each.field == "columns" and not about_pair],
    )


def _row(preview: Preview, row: PreviewRow) -> RowView:
    waits = row.left_out and preview.understanding.questions and row.left_out not in dict(preview.left_out)
    written = (
        (_cell(preview, row, "date"), _cell(preview, row, "payee", "description"), _money(preview, row))
        if waits
        else None
    )
    return RowView(row, _day(row.day), Decimal(row.amount) if row.amount else None, written)


def _cell(preview: Preview, row: PreviewRow, *roles: Role) -> str:
    """The first cell that holds something, of the columns of these roles."""
    places = [at for role in roles for at in preview.understanding.where(role)]
    return next((row.cells[at].strip() for at in places if row.cells[at].strip()), "")


def _money(preview: Preview, row: PreviewRow) -> str:
    return _cell(preview, row, "amount", "debit", "credit")


def _left_out(sort: str, count: int) -> str:
    one = count == 1
    return f"{count:,} row{' is' if one else 's are each'} {sort}, and will not be counted as a transaction"


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
