"""The understanding of a table: every choice, what is still to be answered, and the corrections of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypedDict

from providers.formats.csv.words.headings import ROLES, Role
from providers.formats.errors import StatementError
from providers.records import AccountType

SignRule = Literal["as_written", "reversed", "columns", "word", "action"]
FeeRule = Literal["included", "apart"]
Field = Literal["columns", "date_order", "decimal_mark", "sign", "fee", "currency"]
ACCOUNT_TYPES: tuple[AccountType, ...] = ("depository", "credit", "investment", "loan", "other")


class Layout(TypedDict, total=False):
    """A person's own choices for tables of one shape. What is left out is found anew in each file."""

    encoding: str
    delimiter: str
    header: bool
    roles: list[str]
    date_order: str
    decimal_mark: str
    sign: str
    fee: str
    currency: str
    account_type: str


_CHOICES: dict[str, tuple[str, ...]] = {
    "date_order": ("dmy", "mdy"),
    "decimal_mark": (".", ","),
    "sign": ("as_written", "reversed"),
    "fee": ("included", "apart"),
    "account_type": ACCOUNT_TYPES,
}


def clean_layout(given: Mapping[str, Any]) -> Layout:
    """A layout with only the choices that exist: what a form or a stored one says beyond these is dropped."""
    layout: dict[str, Any] = {}
    for name in ("encoding", "delimiter", "currency"):
        if isinstance(given.get(name), str) and given[name] and len(given[name]) <= 20:
            layout[name] = given[name]
    for name, allowed in _CHOICES.items():
        if given.get(name) in allowed:
            layout[name] = given[name]
    if isinstance(given.get("header"), bool):
        layout["header"] = given["header"]
    roles = given.get("roles")
    if isinstance(roles, Sequence) and roles and all(role in ROLES for role in roles):
        layout["roles"] = list(roles)
    return layout  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading, and the role that its cells have."""

    heading: str
    role: Role


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the file does not say with certainty, and a person must."""

    field: Field
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """Everything that was understood of a table. `known_as` is the bank whose layout it is, where that settled things.

    `proof` says how the running balance speaks for order and signs, and is empty where there is none.
    """

    fingerprint: str
    encoding: str
    delimiter: str
    header_line: int | None
    columns: tuple[Column, ...]
    date_order: str = ""
    decimal_mark: str = ""
    sign: SignRule = "as_written"
    fee: FeeRule = "included"
    currency: str = ""
    account_type: AccountType = "other"
    known_as: str = ""
    newest_first: bool | None = None
    proof: str = ""
    by_person: bool = False
    questions: tuple[Question, ...] = ()

    def where(self, role: Role) -> list[int]:
        """The columns that have this role."""
        return [index for index, column in enumerate(self.columns) if column.role == role]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """A row of the file as it stands, and as it would be stored; `left_out` says why it would not be."""

    line: int
    cells: tuple[str, ...]
    day: str = ""
    amount: str = ""
    currency: str = ""
    description: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A table as it was understood, with its first rows and what would become of all of them."""

    understanding: Understanding
    rows: tuple[PreviewRow, ...]
    row_count: int
    left_out: tuple[tuple[str, int], ...] = ()
    rejected_count: int = 0
    first_day: str = ""
    last_day: str = ""
    accounts: tuple[str, ...] = ()
    totals: tuple[tuple[str, str], ...] = field(default=())


class StatementNeedsAnswersError(StatementError):
    """The table can be read in more than one way; `fields` name what a person has to say."""

    code: ClassVar[str] = "needs_answers"
    title: ClassVar[str] = "This file needs an answer first"

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields
