"""The admin of providers: connections and their runs, never a token, and amounts only for a stated reason."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from accounts.staff.looks import Masked
from dashtam.errors import DecryptionFailed
from dashtam.ui.read_only import ReadOnly, ReadOnlyRows
from dashtam.wiring import encryption_service
from providers.connections.models import AuthorizationRequest, Connection
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.sync.models import SyncRun

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Model]
    _Inline = admin.TabularInline[Model, Model]
else:
    _Admin = admin.ModelAdmin
    _Inline = admin.TabularInline


class ReadOnlyAdmin(ReadOnly, _Admin):
    """A read-only list without a total count, and pages with every field that is not `hidden`."""

    show_full_result_count = False
    list_per_page = 50
    hidden: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns, then the computed fields."""
        columns = [field.name for field in self.opts.fields if field.name not in self.hidden]
        return [*columns, *self.computed]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All fields, as Django shows fields that are not editable only if they are read-only."""
        return self.get_fields(request, obj)


class ReadOnlyInline(ReadOnlyRows, _Inline):
    """Read-only rows that belong to the row of the page."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All fields shown."""
        return self.fields


class SyncRunInline(ReadOnlyInline):
    """The runs of the last two weeks, newest first."""

    model = SyncRun
    fields = (
        *("created_at", "trigger", "state", "started_at", "finished_at", "accounts_done", "accounts_total"),
        *("added", "modified", "removed", "error_code", "account_errors", "provider_request_id"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Only the runs of the last two weeks."""
        since = timezone.now() - timedelta(days=14)
        return super().get_queryset(request).filter(created_at__gte=since).order_by("-created_at")


class AuthorizationInline(ReadOnlyInline):
    """The authorization requests of a connection."""

    model = AuthorizationRequest
    fields = ("created_at", "started_at", "consumed_at", "expires_at", "outcome")
    verbose_name_plural = "authorization requests"


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """A connection with its runs and authorization requests, found by its person's email or by its id."""

    list_display = (
        "user",
        "provider",
        "state",
        "state_reason",
        "state_since",
        "last_success_at",
        "failures",
    )
    list_filter = ("state", "provider", "state_reason")
    list_select_related = ("user",)
    search_fields = ("=id", "user__email", "provider")
    hidden = ("provider_subject",)
    computed = ("tokens_held_since", "access_token_expires_at", "encryption_key", "refresh_under_way")
    inlines = (SyncRunInline, AuthorizationInline)

    @admin.display(description="Tokens held since")
    def tokens_held_since(self, connection: Connection) -> Any:
        """The time of the last refresh."""
        return _of_token(connection, "refreshed_at") or "-"

    @admin.display(description="Access token expires")
    def access_token_expires_at(self, connection: Connection) -> Any:
        """The expiry that the provider gave."""
        return _of_token(connection, "access_expires_at") or "-"

    @admin.display(description="Encryption key")
    def encryption_key(self, connection: Connection) -> str | None:
        """The id of the key, which tells nothing of the token."""
        envelope = _of_token(connection, "access_token")
        if envelope is None:
            return None
        try:
            return encryption_service().key_id_of(bytes(envelope))
        except DecryptionFailed:
            return "unreadable"

    @admin.display(description="Refresh begun, outcome open")
    def refresh_under_way(self, connection: Connection) -> Any:
        """The start of a refresh whose outcome is not known yet."""
        return _of_token(connection, "attempt_at") or "-"


def _of_token(connection: Connection, column: str) -> Any:
    value = getattr(getattr(connection, "token", None), column, None)
    return date_format(value, "DATETIME_FORMAT") if isinstance(value, datetime) else value


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Sync runs, newest first."""

    list_display = ("created_at", "connection", "state", "error_code", "trigger", "finished_at")
    list_filter = ("state", "trigger", "error_code")
    list_select_related = ("connection",)
    search_fields = ("=id", "=connection__id", "connection__user__email", "provider_request_id")


@admin.register(AuthorizationRequest)
class AuthorizationRequestAdmin(ReadOnlyAdmin):
    """Authorization requests, without the secrets that bind them to a browser."""

    list_display = ("id", "user", "provider", "created_at", "started_at", "consumed_at", "outcome")
    list_filter = ("provider", "outcome")
    list_select_related = ("user",)
    search_fields = ("=id", "=connection__id", "user__email")
    hidden = ("state_hash", "browser_hash", "code_verifier", "kept", "busy_until")


@admin.register(FinancialAccount)
class FinancialAccountAdmin(Masked, ReadOnlyAdmin):
    """Accounts, as the institutions report them."""

    masked = (
        *("provider_account_id", "name", "institution_name", "mask"),
        *("balance_current", "balance_available", "balance_limit"),
    )

    list_display = ("user", "type", "name", "mask", "balance_current", "currency", "balance_as_of")
    list_filter = ("type", "currency")
    list_select_related = ("user",)
    search_fields = ("=id", "=connection__id", "user__email")
    hidden = ("transactions_cursor",)


@admin.register(BalanceSnapshot)
class BalanceSnapshotAdmin(Masked, ReadOnlyAdmin):
    """End-of-day balances."""

    masked = ("current", "available", "limit")

    list_display = ("account", "date", "current", "available", "derived", "as_of")
    list_select_related = ("account",)
    search_fields = ("=account__id", "account__user__email")

    def person_of(self, row: Any) -> UUID:
        """The id of the account's owner."""
        user_id: UUID = row.account.user_id
        return user_id


@admin.register(Transaction)
class TransactionAdmin(Masked, ReadOnlyAdmin):
    """Transactions, without their owners' own notes."""

    masked = (
        *("provider_transaction_id", "replaced_id", "description", "category", "feed_category"),
        *("amount", "security", "quantity", "price", "fees"),
    )

    list_display = ("date", "status", "kind", "amount", "currency", "account")
    list_filter = ("status", "kind")
    list_select_related = ("account",)
    search_fields = ("=id", "=account__id", "user__email")
    hidden = ("note",)
