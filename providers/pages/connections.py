"""How each connection is doing, and what can be done about it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.api.paging import page
from dashtam.errors import Conflict, TooManyRequests
from providers import wiring
from providers.connections import queries as connection_queries
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.ledger import queries as ledger_queries
from providers.pages import words
from providers.pages.paging import links
from providers.pages.presentation import grouped
from providers.sync import queries as sync_queries
from providers.sync.queries import previous_syncs, unfinished_syncs

Row = Mapping[str, Any]
RUNS = 20

# What the person can do in each state; updates only where no update runs already.
_CAN = {
    "pending": ("restart", "disconnect"),
    "active": ("sync", "disconnect"),
    "expiring": ("sync", "reconnect", "disconnect"),
    "degraded": ("sync", "reconnect", "disconnect"),
    "reauth_required": ("reconnect", "disconnect"),
    "revoked": ("reconnect", "disconnect"),
    "disconnected": ("reconnect",),
}
_URGENT = {"expiring", "reauth_required", "revoked"}
_ENDED = {"revoked", "disconnected"}


@require_safe
@signed_in
async def connections(request: SignedInRequest) -> HttpResponse:
    """All connections, and what runs right now."""
    user_id = request.principal.user_id
    syncing = await unfinished_syncs(user_id)
    busy = {run["connection_id"] for run in syncing}
    rows = (await connection_queries.connections(user_id)).results
    accounts = (await ledger_queries.accounts(user_id)).results
    shown = [{**described(row, busy), "accounts": _of(row, accounts)} for row in rows]
    context = {"connections": shown, "syncing": syncing}
    return render(request, "providers/connections.html", context)


@require_safe
@signed_in
async def connection(request: SignedInRequest, id: UUID) -> HttpResponse:
    """One connection: its accounts, and what each update did."""
    user_id, wanted = request.principal.user_id, replace(page(request), limit=RUNS)
    row = await connection_queries.connection(user_id, id)
    accounts = (await ledger_queries.accounts(user_id, connection_id=id)).results
    runs = await sync_queries.sync_runs(user_id, id, wanted)
    newer = await previous_syncs(user_id, id, wanted)
    syncing = [run for run in await unfinished_syncs(user_id) if run["connection_id"] == id]
    context = {
        "row": described(row, {run["connection_id"] for run in syncing}),
        "syncing": syncing,
        "groups": grouped(accounts),
        "runs": [_told(run, row["provider_name"], accounts) for run in runs.results],
    }
    urls = links(request, older=runs.next_cursor, newer=newer, anchor="updates")
    return render(request, "providers/connection.html", context | urls)


@require_POST
@signed_in
async def sync(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Update now."""
    try:
        await wiring.sync_service().request_sync(
            user_id=request.principal.user_id, connection_id=id, trigger="manual"
        )
    except (Conflict, TooManyRequests) as error:
        messages.warning(request, f"{error.title} {error.detail}")
    return see_other(reverse("connection", args=[id]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
async def disconnect(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Asks once, then ends the connection."""
    row = await connection_queries.connection(request.principal.user_id, id)
    if request.method == "POST":
        await wiring.connection_service().disconnect(user_id=request.principal.user_id, connection_id=id)
        messages.success(request, _goodbye(row))
        return see_other("connections")
    return render(request, "providers/disconnect.html", {"row": row, **_warning(row)})


def described(row: Row, busy: Collection[UUID] = ()) -> Row:
    """The connection with its state in words, and what can be done."""
    connector = CONNECTORS.get(row["provider"])
    file, updating = connector is not None and connector.auth == "file", row["id"] in busy
    can = list(_CAN[row["state"]])
    if connector is None or file:
        can = ["import"] if file else ["disconnect"]
    if updating and "sync" in can:
        can.remove("sync")
    return {
        **row,
        "words": words.state(row, busy=updating, file=file),
        "can": can,
        "urgent": row["state"] in _URGENT,
        "file": file,
        "lasting": not file and row["state"] not in _ENDED,
        "next_update": _next_update(row, updating=updating),
    }


def _next_update(row: Row, *, updating: bool) -> str:
    """In words, where its time alone would mislead; else nothing."""
    if updating:
        return "Under way"
    if row["state"] not in Connection.SYNCABLE or row["next_sync_at"] is None:
        return "None planned"
    return "Shortly" if row["next_sync_at"] <= timezone.now() + timedelta(minutes=1) else ""


def _of(connection: Row, accounts: Iterable[Row]) -> list[Row]:
    return [account for account in accounts if account["connection_id"] == connection["id"]]


def _told(run: Row, name: str, accounts: Iterable[Row]) -> Row:
    """The run with its trigger and its problems in words, each account's under the account's name."""
    known = {str(account["id"]): account["name"] for account in accounts}
    problems = [words.reason(run["error_code"], name)] if run["error_code"] else []
    for account_id, code in run["account_errors"].items():
        problems.append(f"{known.get(account_id, 'An account')}: {words.reason(code, name)}")
    trigger = words.TRIGGERS.get(run["trigger"], run["trigger"])
    return {**run, "trigger_name": trigger, "problems": problems}


def _goodbye(row: Row) -> str:
    if row["state"] == "pending":
        return f"The unfinished connection to {row['provider_name']} is gone."
    return f"{row['provider_name']} is disconnected. What was collected stays here."


def _warning(row: Row) -> Row:
    name = row["provider_name"]
    if row["state"] == "pending":
        will = ["This connection, which was never finished, goes away."]
        return {
            "confirm": f"Remove {name}",
            "will": will,
            "will_not": ["Nothing has been read, so nothing is lost."],
        }
    will = [
        "Dashtam’s access keys for this connection are erased at once.",
        f"We tell {name} to end the permission you gave.",
        "Its balances and transactions are not updated any more.",
    ]
    will_not = [
        "The accounts, balances and transactions collected so far stay in Dashtam.",
        f"Nothing changes in your accounts at {name}.",
        "You can reconnect at any time and go on where you left off.",
    ]
    return {"confirm": f"Disconnect {name}", "will": will, "will_not": will_not}
