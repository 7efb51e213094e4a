"""Connections and their sync runs in words, with the actions each state allows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.connectors.base import Connector
from providers.pages import words

# The actions a person has in each state; `sync` only while no update runs already.
_ACTIONS = {
    "pending": ("restart", "disconnect"),
    "active": ("sync", "disconnect"),
    "expiring": ("sync", "reconnect", "disconnect"),
    "degraded": ("sync", "reconnect", "disconnect"),
    "reauth_required": ("reconnect", "disconnect"),
    "revoked": ("reconnect", "disconnect"),
    "disconnected": ("reconnect", "erase"),
}
SHORTEST_WINDOW = 3600  # seconds: what is counted by the minute is over before a person has read it
_URGENT = {"expiring", "reauth_required", "revoked"}
_CALM = {"active", "degraded"}
MOST_NOTICED = 5
_WITHOUT_END = {"pending", "revoked", "disconnected"}  # no permission that lasts


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection in words. `next_update` is empty where the time itself says it.

    `name` is that of the one institution that it reads, where an aggregator's consent is for one; `institutions` are
    all behind an aggregator. `file` is fed by its person: by imports, or `by_hand`. `busy`: an update is under way, and
    nothing else needs to be said first.
    """

    connection: Mapping[str, Any]
    name: str
    accounts: Sequence[Mapping[str, Any]]
    institutions: Sequence[str]
    words: str
    actions: Sequence[str]
    urgent: bool
    busy: bool
    file: bool
    by_hand: bool
    lasting: bool
    next_update: str
    allowed: Sequence["Allowed"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """A quota in words: `3 of 4 left, 1 of them kept for you`; `resets_at` is None while nothing is used."""

    title: str
    words: str
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alike:
    """A connection that there is already, by the names of what it reads."""

    id: UUID
    name: str
    accounts: Sequence[str]


@dataclass(frozen=True, slots=True)
class SyncRow:
    """A sync run with its trigger and its problems in words."""

    run: Mapping[str, Any]
    trigger_name: str
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ending:
    """The question before a connection ends: the button's words, and the consequences.

    `manage` is the page at which the person ends what is left at the institution themselves.
    """

    confirm: str
    will: Sequence[str]
    will_not: Sequence[str]
    manage: str = ""


def connection_row(
    connection: Mapping[str, Any], updating: Collection[UUID], accounts: Iterable[Mapping[str, Any]] = ()
) -> ConnectionRow:
    """The connection with those of the accounts that are its own. `updating` are ids of connections."""
    connector = CONNECTORS.get(connection["provider"])
    file, busy = connector is not None and connector.by_person, connection["id"] in updating
    by_hand = connector is not None and connector.auth == "person"
    actions = list(_ACTIONS[connection["state"]])
    if connector is None or file:
        actions = (
            ["open" if by_hand else "import", "erase"]
            if file
            else ["erase" if connection["state"] == "disconnected" else "disconnect"]
        )
    if connection["accounts_offered_at"] and connection["state"] == "active":
        actions.insert(1, "add")
    if busy and "sync" in actions:
        actions.remove("sync")
    own = [account for account in accounts if account["connection_id"] == connection["id"]]
    return ConnectionRow(
        connection=connection,
        name=connection_name(connection),
        accounts=own,
        institutions=_institutions(own),
        words=words.BY_HAND if by_hand else words.state(connection, busy=busy, file=file),
        actions=actions,
        urgent=connection["state"] in _URGENT,
        busy=busy and connection["state"] in _CALM,
        file=file,
        by_hand=by_hand,
        lasting=not file and connection["state"] not in _WITHOUT_END,
        next_update=_next_update(connection, busy=busy),
        allowed=[_allowed(each) for each in connection["quotas"] if each["seconds"] >= SHORTEST_WINDOW],
    )


def connection_name(connection: Mapping[str, Any]) -> str:
    """The institution's own name where an aggregator's consent is for one institution, else the provider's."""
    name: str = connection["institution"] or connection["provider_name"]
    return name


def alike_rows(connections: Iterable[UUID], accounts: Sequence[Mapping[str, Any]]) -> list[Alike]:
    """The connections that there are, each with what it reads."""
    return [
        _alike(each, [account for account in accounts if account["connection_id"] == each])
        for each in connections
    ]


def _alike(id: UUID, accounts: Sequence[Mapping[str, Any]]) -> Alike:
    names = [f"{account['name']} ··{account['mask']}".rstrip("· ") for account in accounts]
    return Alike(id, ", ".join(_institutions(accounts)), names)


def _institutions(accounts: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({account["institution"] for account in accounts if account["institution"]})


def _allowed(quota: Mapping[str, Any]) -> Allowed:
    hours = quota["seconds"] / 3600
    window = {1: "this hour", 24: "today"}.get(hours, f"in {hours:g} hours")
    whose = " for each account" if quota["of"] == "account" else ""
    words = f"{quota['left']} of {quota['calls']} left {window}"
    if quota["left"] and quota["resets_at"]:
        words += f", {min(quota['left'], quota['reserved'])} of them kept for when you ask"
    return Allowed(f"Requests{whose}", words, quota["resets_at"])


def _next_update(connection: Mapping[str, Any], *, busy: bool) -> str:
    """The next update in words, where its time alone would mislead; else nothing."""
    if busy:
        return "Under way"
    if connection["state"] not in Connection.SYNCABLE or connection["next_sync_at"] is None:
        return "None planned"
    return "Shortly" if connection["next_sync_at"] <= timezone.now() + timedelta(minutes=1) else ""


def in_use(connections: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The connections that were completed and not ended by their person."""
    return [each for each in connections if each["state"] not in ("pending", "disconnected")]


def sync_rows(
    runs: Iterable[Mapping[str, Any]], provider_name: str, accounts: Iterable[Mapping[str, Any]]
) -> list[SyncRow]:
    """The runs in their order; each account's problem stands under the account's name."""
    names = {str(account["id"]): account["name"] for account in accounts}
    return [_sync_row(run, provider_name, names) for run in runs]


def _sync_row(run: Mapping[str, Any], provider_name: str, account_names: Mapping[str, str]) -> SyncRow:
    problems = [words.reason(run["error_code"], provider_name)] if run["error_code"] else []
    for account_id, code in run["account_errors"].items():
        name = account_names.get(account_id, "An account")
        problems.append(f"{name}: {words.reason(code, provider_name)}")
    problems += _noticed(run["notices"])
    return SyncRow(run, words.TRIGGERS.get(run["trigger"], run["trigger"]), problems)


def _noticed(notices: Mapping[str, int]) -> list[str]:
    """A sentence about what was not understood, the most frequent first."""
    ranked = sorted(notices.items(), key=lambda each: -each[1])
    told = ", ".join(f"{name} ({count})" for name, count in ranked[:MOST_NOTICED])
    more = len(ranked) - MOST_NOTICED
    rest = f", and {more} more" if more > 0 else ""
    return [f"Not understood, and kept as it came or left out: {told}{rest}."] if ranked else []


def ending(connection: Mapping[str, Any], called: str = "") -> Ending:
    """The question before this connection ends; `called` is its name, where that is another than its provider's."""
    name, connector = connection["provider_name"], CONNECTORS.get(connection["provider"], Connector)
    called = called or name
    if connection["state"] == "pending":
        return Ending(
            confirm=f"Remove {called}",
            will=["This connection, which was never finished, goes away."],
            will_not=["Nothing has been read, so nothing is lost."],
        )
    facts = connector.facts
    told = facts.ending or (f"We tell {name} to end the permission you gave." if _ends(connector) else "")
    held = called if called != name else "your institution" if facts.behind else name
    return Ending(
        confirm=f"Disconnect {called}",
        will=[
            "Dashtam’s access keys for this connection are erased at once.",
            *([told] if told else []),
            "Its balances and transactions are not updated any more.",
        ],
        will_not=[
            "The accounts, balances and transactions collected so far stay in Dashtam.",
            f"Nothing changes in your accounts at {held}.",
            *([facts.left] if facts.left else []),
            "You can reconnect at any time and go on where you left off.",
        ],
        manage=facts.manage,
    )


def _ends(connector: Connector | type[Connector]) -> bool:
    return isinstance(connector, Connector) and connector.ends_grants


def ended_message(connection: Mapping[str, Any], called: str) -> str:
    """The message after this connection has ended."""
    if connection["state"] == "pending":
        return f"The unfinished connection to {called} is gone."
    return f"{called} is disconnected. What was collected stays here."
