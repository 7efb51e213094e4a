"""Questions about a table, each with a row of the table itself as its example."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashtam.ui.formats import date_text
from providers.formats.csv.cells.dates import read_date
from providers.formats.csv.cells.numbers import Number, read_number
from providers.formats.csv.understanding import Preview, PreviewRow
from providers.formats.csv.words.headings import Role

PAIR = "pair"  # which of two columns without headings is money in; no choice of a layout, but of the columns' roles
ASKED = ("date_order", "decimal_mark", "sign", "fee", "currency", PAIR)
_WHY = {
    "currency": "The file does not say it.",
    "fee": "The file has a column of fees.",
    PAIR: "The file has a column for each, and no heading says which is which.",
}
_MONEY: tuple[Role, ...] = ("amount", "debit", "credit", "balance", "net")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its words, why it is asked, and the answers. Without answers, a select of many is its place."""

    label: str
    why: str
    answers: Sequence[tuple[str, str]] = ()


def asked_fields(preview: Preview, sent: str = "") -> list[str]:
    """The questions that are open, and those that were asked before: an answer stays where it was given."""
    before = set(sent.split(","))
    now = {question.field for question in preview.understanding.questions}
    now |= {PAIR} if "columns" in now and pair_of(preview) else set()
    return [name for name in ASKED if name in before | now]


def pair_of(preview: Preview) -> tuple[int, int] | None:
    """The columns of money out and of money in, of a table that has one of each."""
    out, into = preview.understanding.where("debit"), preview.understanding.where("credit")
    return (out[0], into[0]) if len(out) == len(into) == 1 else None


def turned(data: Any) -> Any:
    """The form as it was sent, with the roles of a pair of columns as its person answered."""
    places = str(data.get(PAIR, "")).split("-")
    if len(places) != 2 or not all(place.isdecimal() and len(place) < 4 for place in places):
        return data
    names = [f"role_{int(place)}" for place in places]
    if {data.get(name) for name in names} != {"debit", "credit"}:
        return data  # the columns were given other meanings since
    changed = data.copy()
    changed[names[0]], changed[names[1]] = "debit", "credit"
    return changed


def questions(preview: Preview, names: Iterable[str]) -> Mapping[str, Asked]:
    """The questions by the names of their fields."""
    told = {question.field: question.text for question in preview.understanding.questions}
    return {name: _asked(name, preview, _WHY.get(name) or told.get(name, "")) for name in names}


def _asked(name: str, preview: Preview, why: str) -> Asked:
    label, answers = {
        "date_order": _about_days,
        "decimal_mark": _about_marks,
        "sign": _about_signs,
        "fee": _about_fees,
        "currency": lambda _: ("Which currency is it in?", ()),
        PAIR: _about_pair,
    }[name](preview)
    return Asked(label, why, answers)


def _about_days(preview: Preview) -> tuple[str, Sequence[tuple[str, str]]]:
    for cell in _cells(preview, "date"):
        written = read_date(cell)
        one, other = (written.day("dmy"), written.day("mdy")) if written else (None, None)
        if one and other and one != other:
            answers = (("dmy", date_text(one)), ("mdy", date_text(other)))
            return f"Which day is {cell.strip()}?", answers
    return "How are days written?", (
        ("dmy", "Day first: 31/12/2026"),
        ("mdy", "Month first: 12/31/2026"),
    )


def _about_marks(preview: Preview) -> tuple[str, Sequence[tuple[str, str]]]:
    for cell in _cells(preview, *_MONEY, "quantity", "price", "fee"):
        number = read_number(cell)
        point, comma = (number.value("."), number.value(",")) if number else (None, None)
        if point is not None and comma is not None and point != comma:
            answers = (
                (".", f"{point:,f}: the point is the decimal mark"),
                (",", f"{comma:,f}: the comma is the decimal mark"),
            )
            return f"How much is {cell.strip()}?", answers
    return "Which is the decimal mark?", ((".", "The point: 1,234.56"), (",", "The comma: 1.234,56"))


def _about_signs(preview: Preview) -> tuple[str, Sequence[tuple[str, str]]]:
    answers = (
        ("as_written", "Money in: it was paid to you"),
        ("reversed", "Money out: you paid or spent it"),
    )
    for row, cell, number in _numbers(preview, "amount", "credit", "debit"):
        if not number.negative:
            return f"Is {cell.strip()}{_about(preview, row)} money in or money out?", answers
    return "Is an amount without a minus sign money in or money out?", answers


def _about_fees(preview: Preview) -> tuple[str, Sequence[tuple[str, str]]]:
    answers = (("included", "Yes, the amount includes it"), ("apart", "No, it is charged on top"))
    amounts = _places(preview, "amount", "debit", "credit")
    for row, cell, _ in _numbers(preview, "fee"):
        amount = next((row.cells[at].strip() for at in amounts if row.cells[at].strip()), "")
        if amount:
            return f"Is the fee of {cell.strip()} part of the amount of {amount}?", answers
    return "Are fees part of the amounts?", answers


def _about_pair(preview: Preview) -> tuple[str, Sequence[tuple[str, str]]]:
    pair = pair_of(preview)
    if pair is None:
        return "Which column is money in?", ()
    one, other = sorted(pair)
    label = f"Is column {one + 1} money in or money out?"
    for row, cell, _ in _numbers(preview, preview.understanding.columns[one].role):
        label = f"Is {cell.strip()}{_about(preview, row)} money in or money out?"
        break
    answers = (
        (f"{other}-{one}", "Money in: it was paid to you"),
        (f"{one}-{other}", "Money out: you paid or spent it"),
    )
    return label, answers


def _about(preview: Preview, row: PreviewRow) -> str:
    """A few words of a row, so that its person knows it again."""
    cells = (row.cells[at].strip() for at in _places(preview, "payee", "description"))
    text = " ".join((row.description or next(filter(None, cells), "")).split())
    short = text if len(text) <= 40 else f"{text[:39]}…"
    return f" for “{short}”" if short else ""


def _places(preview: Preview, *roles: Role) -> list[int]:
    return [at for role in roles for at in preview.understanding.where(role)]


def _cells(preview: Preview, *roles: Role) -> Iterator[str]:
    for row in preview.rows:
        for at in _places(preview, *roles):
            if row.cells[at].strip():
                yield row.cells[at]


def _numbers(preview: Preview, *roles: Role) -> Iterator[tuple[PreviewRow, str, Number]]:
    """Rows with a number other than zero in the columns of these roles; those that would be left out come last."""
    for row in sorted(preview.rows, key=lambda row: bool(row.left_out)):
        for at in _places(preview, *roles):
            number = read_number(row.cells[at])
            if number and number.digits.strip("0.,"):
                yield row, row.cells[at], number


def examples(preview: Preview, at: int) -> Sequence[str]:
    """A few different cells of a column, as they stand in the file."""
    cells = (row.cells[at].strip() for row in preview.rows)
    return list(dict.fromkeys(cell for cell in cells if cell))[:3]
