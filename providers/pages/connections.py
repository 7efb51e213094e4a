"""The pages of connections: the list, one connection, an update now, the end of one."""

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.api.paging import page
from dashtam.errors import Conflict, TooManyRequests
from dashtam.web import visitor
from dashtam.web.rendering import rendered
from providers import wiring
from providers.connections import queries as connection_queries
from providers.connectors import CONNECTORS
from providers.ledger import queries as ledger_queries
from providers.pages.paging import links
from providers.pages.presentation.accounts import account_groups
from providers.pages.presentation.connections import (
    connection_name,
    connection_row,
    ended_message,
    ending,
    sync_rows,
)
from providers.pages.presentation.own_choices import account_lists
from providers.standards.calendar import TYPE, calendar
from providers.sync import queries as sync_queries
from providers.sync.queries import previous_syncs, unfinished_syncs

RUNS = 20


@require_safe
@signed_in
async def connections(request: SignedInRequest) -> HttpResponse:
    """All connections, and the updates under way."""
    user_id = request.principal.user_id
    syncing = await unfinished_syncs(user_id)
    updating = {run["connection_id"] for run in syncing}
    rows = (await connection_queries.connections(user_id)).results
    accounts = (await ledger_queries.accounts(user_id)).results
    context = {
        "connections": [connection_row(row, updating, accounts) for row in rows],
        "syncing": syncing,
        "ending": any(row["consent_expires_at"] for row in rows),
    }
    return await rendered(request, "providers/connections.html", context)


@require_safe
@signed_in
async def connection(request: SignedInRequest, id: UUID) -> HttpResponse:
    """One connection: its accounts, and the result of each update."""
    user_id, wanted = request.principal.user_id, replace(page(request), limit=RUNS)
    syncing = [run for run in await unfinished_syncs(user_id) if run["connection_id"] == id]
    row = await connection_queries.connection(user_id, id)
    accounts = (await ledger_queries.accounts(user_id, connection_id=id)).results
    runs = await sync_queries.sync_runs(user_id, id, wanted)
    newer = await previous_syncs(user_id, id, wanted)
    lists = account_lists(accounts, show_hidden=request.GET.get("hidden") == "true")
    context = {
        "lists": lists,
        "row": connection_row(row, {run["connection_id"] for run in syncing}, accounts),
        "syncing": syncing,
        "groups": account_groups(lists.open),
        "runs": sync_rows(runs.results, row["provider_name"], accounts),
    }
    urls = links(request, older=runs.next_cursor, newer=newer, anchor="updates")
    return await rendered(request, "providers/connection.html", context | urls)


@require_safe
@signed_in
async def consent_calendar(request: SignedInRequest) -> HttpResponse:
    """The ends of consents as a file for a calendar."""
    rows = await connection_queries.connections(request.principal.user_id)
    feed = calendar(rows.results, site=settings.PUBLIC_URL.rstrip("/"), now=timezone.now())
    response = HttpResponse(feed, content_type=TYPE)
    response["Content-Disposition"] = 'attachment; filename="dashtam-permissions.ics"'
    return response


@require_POST
@signed_in
async def sync(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Update now."""
    try:
        await wiring.sync_service().request_sync(
            user_id=request.principal.user_id,
            connection_id=id,
            trigger="manual",
            present=visitor.present(request),
        )
    except (Conflict, TooManyRequests) as error:
        messages.warning(request, f"{error.title} {error.detail}")
    return see_other(reverse("connection", args=[id]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
async def disconnect(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Ask for confirmation, then end the connection."""
    user_id = request.principal.user_id
    row = await connection_queries.connection(user_id, id)
    if (connector := CONNECTORS.get(row["provider"])) is not None and connector.by_person:
        return see_other(reverse("connection-erase", args=[id]))  # there is nothing that reads it
    called = connection_name(row)
    if request.method == "POST":
        await wiring.connection_service().disconnect(user_id=user_id, connection_id=id)
        messages.success(request, ended_message(row, called))
        return see_other("connections")
    context = {"row": row, "called": called, "ending": ending(row, called)}
    return await rendered(request, "providers/disconnect.html", context)
