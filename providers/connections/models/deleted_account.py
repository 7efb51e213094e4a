"""Accounts that a person deleted, so that no sync brings them back."""

from typing import ClassVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.connections.models.connection import Connection


class DeletedAccountManager(models.Manager["DeletedAccount"]):
    """Keeps accounts away, and lets them come again."""

    def keep_away(self, connection: Connection, provider_account_id: str) -> None:
        """Have no sync of the connection bring this account back."""
        self.get_or_create(connection=connection, provider_account_id=provider_account_id)

    def of(self, connection: Connection) -> set[str]:
        """The provider's ids of the connection's deleted accounts."""
        rows = self.filter(connection=connection)
        return set(rows.values_list("provider_account_id", flat=True))

    @transaction.atomic
    def forget(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Let the next sync bring the connection's deleted accounts again. Raises NotFound."""
        connection = Connection.objects.filter(user_id=user_id, id=connection_id).first()
        if connection is None:
            raise NotFound
        if self.filter(connection=connection).delete()[0]:
            connection.record("connection.accounts_welcomed")


class DeletedAccount(models.Model):
    """One account that is not read any more, by the provider's id; nothing else of it is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="deleted_accounts", db_index=False
    )
    provider_account_id = models.CharField(max_length=200)
    deleted_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[DeletedAccountManager] = DeletedAccountManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "connection", "provider_account_id", name="deleted_account_once_per_connection"
            ),
        )

    def __str__(self) -> str:
        return f"deleted account {self.id}"
