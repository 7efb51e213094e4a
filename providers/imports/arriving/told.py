"""The outcome of a file as its import keeps it, in JSON."""

from typing import NotRequired, TypedDict


class ImportedStatement(TypedDict):
    """One statement of a file. `closing_balance` is a decimal, `as_of` its ISO 8601 time, `day` its day as written.

    `lacks` names what it does not count. From `covers_from` to `covers_to` the file has all rows, if that is certain;
    `covers_stated` if it names these days itself.
    """

    account_id: str
    rows: int
    added: int
    matched: int
    currency: str
    closing_balance: str | None
    lacks: NotRequired[str]
    as_of: str
    day: NotRequired[str]
    covers_from: NotRequired[str | None]
    covers_to: NotRequired[str | None]
    covers_stated: NotRequired[bool]


class RejectedRow(TypedDict):
    """A row that could not be read with certainty."""

    line: int
    reason: str


class ImportNotice(TypedDict):
    """A finding about something else than a row: an account refused, a balance or a section left out."""

    code: str
    detail: str
    line: int | None
