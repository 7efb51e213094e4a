"""Personal data of providers: export, erasure, words in the activity list, access of the staff."""

import functools
from typing import Any
from uuid import UUID

from django.db.models import Manager, Q

from accounts.audit import activity
from accounts.export import tables
from accounts.export.tables import Table, by
from accounts.services.leaving_service import erases
from accounts.staff import roles
from dashtam.bridge.doors import run_db
from dashtam.jobs.deletion import delete_in_parts
from dashtam.wiring import encryption_service
from providers.connections.grants import revocation_of_stored
from providers.connections.models import AuthorizationRequest, Connection, ProviderToken
from providers.imports.models import FileImport
from providers.ledger.models import (
    BalanceSnapshot,
    FinancialAccount,
    Holding,
    Security,
    Transaction,
    WithdrawnTransaction,
)
from providers.sync.models import SyncRun

# Tables with so many rows of one person that a single statement could run into its time limit.
LARGE: tuple[Manager[Any], ...] = (
    Transaction.objects,
    WithdrawnTransaction.objects,
    BalanceSnapshot.objects,
)


def _traded_or_held(user_id: UUID) -> Q:
    traded = Transaction.objects.filter(user_id=user_id)
    held = Holding.objects.filter(account__user_id=user_id)
    return Q(pk__in=traded.values("security")) | Q(pk__in=held.values("security"))


@erases
async def end_connections(user_id: UUID) -> None:
    """End the person's consents, and delete in parts what was collected; the rest goes with the person's row."""
    hand_over = functools.partial(revocation_of_stored, encryption_service())
    connections = Connection.objects.filter(user_id=user_id).exclude(state=Connection.State.PENDING)
    for connection_id in await run_db(list, connections.values_list("id", flat=True)):
        await run_db(Connection.objects.disconnect, user_id=user_id, id=connection_id, hand_over=hand_over)
    for rows in LARGE:
        await delete_in_parts(rows.filter(account__user_id=user_id))


tables.register(
    Table("connections", Connection, by("user_id")),
    Table("authorization_requests", AuthorizationRequest, by("user_id")),
    Table("provider_tokens", ProviderToken, by("connection__user_id")),
    Table("syncs", SyncRun, by("connection__user_id")),
    Table("imports", FileImport, by("user_id"), hidden=("attempts", "lease_id", "lease_until")),
    Table("accounts", FinancialAccount, by("user_id")),
    Table("balances", BalanceSnapshot, by("account__user_id")),
    Table("holdings", Holding, by("account__user_id")),
    Table("securities", Security, _traded_or_held),
    Table("transactions", Transaction, by("user_id"), spreadsheet=True),
    Table("withdrawn_transactions", WithdrawnTransaction, by("account__user_id")),
    left_out={
        "providers.ExchangeRate": "the European Central Bank's, the same for all people",
        "providers.ImportPart": "pieces of a person's own file, kept while it is read, a day at most",
        "providers.PendingRevocation": "tokens on their way to their end, tied to nobody",
    },
)

roles.permit(
    roles.SUPPORT,
    "providers.view_connection",
    "providers.view_syncrun",
    "providers.view_authorizationrequest",
    "providers.view_financialaccount",
    "providers.view_balancesnapshot",
    "providers.view_transaction",
)


def _provider(slug: str | None) -> str:
    return (slug or "an institution").replace("-", " ").capitalize()


activity.register(
    {
        "connection.started": "You started to connect {provider}",
        "connection.renewal_started": "You started to renew the connection to {provider}",
        "connection.linked": "{provider} was connected",
        "connection.refused": "Connecting {provider} did not work out",
        "connection.stopped": "The connection to {provider} stopped and needs you",
        "connection.disconnected": "{provider} was disconnected",
        "connection_token.refused": "Stored access to an institution could not be opened, and was not used",
    },
    spellings={"provider": _provider},
    pages={"financialaccount": "accounts", "balancesnapshot": "balances", "transaction": "transactions"},
)
