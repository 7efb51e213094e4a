"""What belongs to a person, table by table: the one list that the export follows.

Columns of bytes (secrets, hashes, envelopes) and password hashes are never part of it, nor who of the staff it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import BinaryField, Field, Q


def _by(path: str) -> Callable[[UUID], Q]:
    return lambda user_id: Q(**{path: user_id})


def _traded_or_held(user_id: UUID) -> Q:
    traded = _model("providers.Transaction").objects.filter(user_id=user_id)
    held = _model("providers.Holding").objects.filter(account__user_id=user_id)
    return Q(pk__in=traded.values("security")) | Q(pk__in=held.values("security"))


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the file it becomes, and which of its rows are a person's."""

    name: str
    label: str
    whose: Callable[[UUID], Q]
    hidden: tuple[str, ...] = ()

    @property
    def model(self) -> Any:
        """The model behind it."""
        return _model(self.label)

    @property
    def columns(self) -> list[str]:
        """What is shown of it."""
        names = [field.attname for field in self.model._meta.concrete_fields if _shown(field)]
        return [name for name in names if name not in self.hidden]

    def rows(self, user_id: UUID) -> "models.QuerySet[Any, dict[str, Any]]":
        """The person's rows, oldest first."""
        mine: models.QuerySet[Any] = self.model.objects.filter(self.whose(user_id))
        return mine.order_by("pk").values(*self.columns)


def _model(label: str) -> Any:
    return apps.get_model(label)


def _shown(field: "Field[Any, Any]") -> bool:
    return not isinstance(field, BinaryField) and field.name != "password" and not field.name.endswith("hash")


TABLES = (
    Table("profile", "accounts.User", _by("id")),
    Table("sessions", "accounts.Session", _by("user_id")),
    Table("api_keys", "accounts.ApiKey", _by("user_id")),
    Table("authenticator_apps", "accounts.Totp", _by("user_id")),
    Table("recovery_codes", "accounts.RecoveryCode", _by("user_id")),
    Table("passkeys", "accounts.Passkey", _by("user_id")),
    Table("failed_sign_ins", "accounts.FailedProof", _by("user_id")),
    Table("mailed_links", "accounts.OneTimeLink", _by("user_id")),
    Table("email_changes", "accounts.EmailChange", _by("user_id")),
    Table("exports", "accounts.DataExport", _by("user_id")),
    Table("events", "accounts.AuditEvent", _by("user_id"), hidden=("actor_id",)),
    Table("staff_acts", "accounts.StaffAct", _by("user_id"), hidden=("staff_id", "session_id")),
    Table("mails", "notifications.Email", _by("user_id")),
    Table("connections", "providers.Connection", _by("user_id")),
    Table("authorization_requests", "providers.AuthorizationRequest", _by("user_id")),
    Table("provider_tokens", "providers.ProviderToken", _by("connection__user_id")),
    Table("syncs", "providers.SyncRun", _by("connection__user_id")),
    Table("imports", "providers.FileImport", _by("user_id")),
    Table("accounts", "providers.FinancialAccount", _by("user_id")),
    Table("balances", "providers.BalanceSnapshot", _by("account__user_id")),
    Table("holdings", "providers.Holding", _by("account__user_id")),
    Table("securities", "providers.Security", _traded_or_held),
    Table("transactions", "providers.Transaction", _by("user_id")),
    Table("withdrawn_transactions", "providers.WithdrawnTransaction", _by("account__user_id")),
)

# Tables that hold nothing of a person's own, and why.
LEFT_OUT = {
    "accounts.ExportPart": "the export itself",
    "accounts.IdempotencyKey": "answers that were given, kept for a day in case they are asked for again",
    "providers.PendingRevocation": "tokens on their way to their end, tied to nobody",
    "dashtam.KeyFingerprint": "the installation's",
    "dashtam.Sample": "how the installation is doing; names nobody",
    "admin.LogEntry": "what the staff did; what touches an account is among its events",
    "auth.Group": "the installation's",
    "auth.Permission": "the installation's",
    "contenttypes.ContentType": "the installation's",
    "procrastinate.ProcrastinateEvent": "work under way: ids only",
    "procrastinate.ProcrastinateJob": "work under way: ids only",
    "procrastinate.ProcrastinatePeriodicDefer": "work under way",
    "procrastinate.ProcrastinateWorker": "work under way",
}
