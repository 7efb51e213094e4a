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
from providers import connectors
from providers.connections.grants import revocation_of_stored
from providers.connections.models import (
    AuthorizationRequest,
    CallCount,
    Connection,
    DeletedAccount,
    ProviderToken,
)
from providers.imports.arriving.layouts import TableLayout
from providers.imports.models import FileImport
from providers.imports.provenance import ImportedRows, ImportedState
from providers.ledger.models import (
    BalanceSnapshot,
    FinancialAccount,
    Holding,
    Security,
    Transaction,
    WithdrawnTransaction,
)
from providers.ledger.observations.models import (
    AccountAlias,
    AccountDoor,
    Decision,
    Delivery,
    Edit,
    LedgerSettings,
    Observation,
    Question,
    Source,
)
from providers.pages.presentation.tables import sheets
from providers.sync.models import SyncRun

COUNTS = ("quantity", "price")  # decimals that are no amounts of money
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
    await delete_in_parts(Observation.objects.filter(source__account__user_id=user_id))
    for rows in LARGE:
        await delete_in_parts(rows.filter(account__user_id=user_id))


tables.register(
    Table("connections", Connection, by("user_id")),
    Table("authorization_requests", AuthorizationRequest, by("user_id")),
    Table("call_counts", CallCount, by("connection__user_id")),
    Table("provider_tokens", ProviderToken, by("connection__user_id")),
    Table("syncs", SyncRun, by("connection__user_id")),
    Table("imports", FileImport, by("user_id"), hidden=("attempts", "lease_id", "lease_until")),
    Table("table_layouts", TableLayout, by("user_id")),
    Table("imported_rows", ImportedRows, by("account__user_id")),
    Table("imported_states", ImportedState, by("account__user_id")),
    Table("deleted_accounts", DeletedAccount, by("connection__user_id")),
    Table("accounts", FinancialAccount, by("user_id"), sheet=sheets.ACCOUNTS),
    Table("balances", BalanceSnapshot, by("account__user_id"), sheet=sheets.BALANCES),
    Table("holdings", Holding, by("account__user_id"), sheet=sheets.HOLDINGS, counts=COUNTS),
    Table("securities", Security, _traded_or_held),
    Table("transactions", Transaction, by("user_id"), sheet=sheets.TRANSACTIONS, counts=COUNTS),
    Table("withdrawn_transactions", WithdrawnTransaction, by("account__user_id")),
    Table("sources", Source, by("account__user_id")),
    Table("deliveries", Delivery, by("source__account__user_id")),
    Table("observations", Observation, by("source__account__user_id")),
    Table("edits", Edit, by("account__user_id")),
    Table("questions", Question, by("account__user_id")),
    Table("decisions", Decision, by("account__user_id")),
    Table("account_aliases", AccountAlias, by("user_id")),
    Table("account_doors", AccountDoor, by("account__user_id")),
    Table("ledger_settings", LedgerSettings, by("user_id")),
    left_out={
        "providers.AccountFingerprint": "keyed digests by which an account is found again, of no use elsewhere",
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
    return connectors.name_of(slug) if slug else "An institution"


activity.register(
    {
        "connection.started": "You started to connect {provider}",
        "connection.renewal_started": "You started to renew the connection to {provider}",
        "connection.linked": "{provider} was connected",
        "connection.refused": "Connecting {provider} did not work",
        "connection.stopped": "The connection to {provider} stopped and needs you",
        "connection.disconnected": "{provider} was disconnected",
        "connection.erased": "Everything that {provider} had brought was erased",
        "account.changed": "You changed how an account is shown or counted",
        "account.opened": "You opened an account that you keep by hand",
        "account.deleted": "You deleted an account with all its data",
        "connection.accounts_welcomed": "You let accounts that you had deleted at {provider} be read again",
        "import.taken_back": "You took an imported file back",
        "connection_token.refused": "Stored access to an institution could not be opened, and was not used",
    },
    spellings={"provider": _provider},
    pages={"financialaccount": "accounts", "balancesnapshot": "balances", "transaction": "transactions"},
)
