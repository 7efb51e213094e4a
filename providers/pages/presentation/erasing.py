"""The questions before something is deleted: what goes, by its numbers, and what stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from providers.connectors import CONNECTORS
from providers.ledger.by_hand import PROVIDER as BY_HAND
from providers.ledger.queries.contents import Contents


class Effect(Protocol):
    """The effect of taking an import back."""

    @property
    def going(self) -> int: ...
    @property
    def noted(self) -> int: ...
    @property
    def staying(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Question:
    """A title, the button's words, and the consequences."""

    title: str
    confirm: str
    will: Sequence[str]
    will_not: Sequence[str]


def account_deletion(account: Mapping[str, Any], contents: Contents) -> Question:
    """The question before an account is deleted."""
    name, provider = account["name"], account["provider_name"]
    will = [*_going(contents), "This cannot be undone."]
    if account["provider"] == BY_HAND:
        stays = ["The accounts beside it."]
    elif _from_files(account["provider"]):
        stays = ["Your own copies of its files: import one again, and the account is back with its rows."]
    else:
        stays = [f"Your account at {provider}: nothing changes there."]
        if account["connection_state"] != "disconnected":
            will.insert(-1, "It is not read any more, and no update brings it back.")
            stays.append(f"Your connection to {provider}, with its other accounts.")
            stays.append("A way back: on the connection’s page you can have deleted accounts read again.")
    return Question(f"Delete {name}?", "Delete this account", will, stays)


def connection_erasure(connection: Mapping[str, Any], name: str, contents: Contents) -> Question:
    """The question before what a connection brought is erased; `name` is what its page calls it."""
    many = contents["accounts"]
    will = [
        *([f"{_count(many, 'account')} with everything in {_it(many)} will be deleted."] if many else []),
        *_amounts(contents),
        "The connection disappears from your list.",
        "This cannot be undone.",
    ]
    if connection["provider"] == BY_HAND:
        return Question(
            "Erase what you kept by hand?", "Erase everything", will, ["All your other accounts."]
        )
    if _from_files(connection["provider"]):
        return Question(
            "Erase these files’ accounts?", "Erase everything", will, ["Your own copies of the files."]
        )
    stays = [f"Your accounts at {name}: nothing changes there.", "You can connect again at any time."]
    return Question(f"Erase all data from {name}?", "Erase everything", will, stays)


def import_undo(file: Mapping[str, Any], effect: Effect) -> Question:
    """The question before an import is taken back."""
    name = file["filename"] or "this file"
    will = []
    if file["state"] == "failed":
        will = ["The file disappears from your list. Nothing was imported from it."]
        return Question(
            f"Remove {name}?", "Remove it from the list", will, ["All your accounts and their rows."]
        )
    if effect.going:
        will.append(f"{_count(effect.going, 'transaction')} that only this file brought will be deleted.")
    if effect.noted:
        will.append(f"{effect.noted:,} of them {_have(effect.noted)} a note or a category of your own.")
    will.append(
        "The balance and holdings from it are deleted too. If another file has them, those count again."
    )
    stays = []
    if effect.staying:
        stays.append(f"{_count(effect.staying, 'transaction')} that came from elsewhere too.")
    stays.append("Your own copy of the file: you can import it again.")
    return Question(f"Undo the import of {name}?", "Undo this import", will, stays)


def undone_message(file: Mapping[str, Any], effect: Effect) -> str:
    """The message after an import was taken back."""
    name = file["filename"] or "The file"
    if file["state"] == "failed":
        return f"{name} is no longer in the list."
    stayed = f" {_count(effect.staying, 'transaction')} stayed." if effect.staying else ""
    return f"The import of {name} is undone: {_count(effect.going, 'transaction')} removed.{stayed}"


def erased_message(connection: Mapping[str, Any], name: str) -> str:
    """The message after a connection was erased."""
    if connection["provider"] == BY_HAND:
        return "All accounts that you kept by hand are erased."
    if _from_files(connection["provider"]):
        return "The accounts of your files are erased."
    return f"Everything that {name} had brought is erased."


def _going(contents: Contents) -> list[str]:
    return _amounts(contents) or ["There are no transactions and no balances in it."]


def _amounts(contents: Contents) -> list[str]:
    lines = []
    if count := contents["transactions"]:
        lines.append(
            f"{_count(count, 'transaction')}{_span(contents['first'], contents['last'])} will be deleted."
        )
    if contents["noted"]:
        lines.append(
            f"{contents['noted']:,} of them {_have(contents['noted'])} your own description, category or note."
        )
    if days := contents["days"]:
        lines.append(
            f"{_count(days, 'day')} of balances will be deleted, so your net worth on those days changes."
        )
    if holdings := contents["holdings"]:
        lines.append(f"{_count(holdings, 'holding')} will be deleted.")
    return lines


def _span(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    return f" of {_day(first)}" if first == last else f" from {_day(first)} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def _from_files(provider: str) -> bool:
    connector = CONNECTORS.get(provider)
    return connector is not None and connector.auth == "file"
