"""Imported statement files, and the accounts that their rows went to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from providers.imports.models import FileImport
from providers.pages import words


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An imported file, with its outcome in a few words."""

    file: Mapping[str, Any]
    summary: str
    format_name: str

    @property
    def more_rejected(self) -> int:
        """How many rows were left out beside those that are listed."""
        return int(self.file["rejected_count"]) - len(self.file["rejected"])

    @property
    def more_notices(self) -> int:
        """How many notices there were beside those that are listed."""
        return int(self.file["notices_count"]) - len(self.file["notices"])


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement of a file. `account` is None where the account is gone by now."""

    statement: Mapping[str, Any]
    account: Mapping[str, Any] | None
    closing_balance: Decimal | None
    as_of: datetime
    day: date
    lacks: str


def import_row(file: Mapping[str, Any]) -> ImportRow:
    """The file with its summary and the name of its format."""
    return ImportRow(file, _summary(file), words.FORMATS.get(file["format"], file["format"].upper()))


def statement_rows(
    statements: Iterable[Mapping[str, Any]], accounts: Iterable[Mapping[str, Any]]
) -> list[StatementRow]:
    """The statements in their order, each with its account."""
    by_id = {str(account["id"]): account for account in accounts}
    return [_statement_row(each, by_id.get(each["account_id"])) for each in statements]


def _statement_row(statement: Mapping[str, Any], account: Mapping[str, Any] | None) -> StatementRow:
    balance = statement["closing_balance"]
    return StatementRow(
        statement=statement,
        account=account,
        closing_balance=None if balance is None else Decimal(balance),
        as_of=datetime.fromisoformat(statement["as_of"]),
        day=date.fromisoformat(statement["day"]),
        lacks=words.LACKS.get(statement["lacks"], ""),
    )


def brought(files: Sequence[FileImport]) -> str:
    """The outcome of several files that were sent together, in a few sentences."""
    states = [file.state for file in files]
    waiting, running = states.count(FileImport.State.PREVIEW), states.count(FileImport.State.RUNNING)
    done, added = len(files) - waiting - running, sum(file.added for file in files)
    news = _counted(added, "new transaction") if added else "nothing new"
    parts = [f"{_counted(done, 'file')} imported, {news}."] if done else []
    parts += (
        [f"{_counted(running, 'file')} {'is' if running == 1 else 'are'} still being read."]
        if running
        else []
    )
    are, they = ("is", "it is") if waiting == 1 else ("are", "they are")
    parts += (
        [f"{_counted(waiting, 'file')} {are} waiting for you to check how {they} read."] if waiting else []
    )
    return " ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _summary(file: Mapping[str, Any]) -> str:
    if file["state"] == "running":
        return _progress(file)
    if file["state"] == "preview":
        return "Waiting for you to check how it is read."
    if file["state"] == "failed":
        return f"Nothing was imported. {file['error_detail']}".strip()
    rejected, notices = file["rejected_count"], file["notices_count"]
    parts = [f"{file['added']:,} added", f"{file['matched']:,} known already"]
    parts += [f"{rejected:,} rejected"] if rejected else []
    told = ", ".join([*parts, _counted(notices, "notice")] if notices else parts)
    return f"Nothing new: {told}" if not file["added"] and not rejected and file["matched"] else told


def _progress(file: Mapping[str, Any]) -> str:
    if file["rows_landed"]:
        return f"Under way: {file['rows_landed']:,} rows stored so far."
    return (
        f"Under way: about {file['rows_read']:,} rows read so far."
        if file["rows_read"]
        else "Waiting for its turn."
    )
