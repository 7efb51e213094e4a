"""Layouts of tables that people have confirmed: columns and habits of a bank's file, and nothing of what is in it."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from providers.formats.csv.understanding import Layout, clean_layout


class TableLayoutManager(models.Manager["TableLayout"]):
    """Keeps one layout for each shape of table and person."""

    MOST = 200  # of one person; the oldest goes

    def of(self, user_id: UUID) -> dict[str, Layout]:
        """The person's layouts, by the fingerprint of the shape they are for."""
        rows = self.filter(user_id=user_id).values_list("fingerprint", "layout")[: self.MOST]
        return {fingerprint: clean_layout(layout) for fingerprint, layout in rows}

    def account_of(self, user_id: UUID, fingerprint: str) -> str:
        """The id of the account that the last table of that shape went to; empty if that is not known."""
        mine = self.filter(user_id=user_id, fingerprint=fingerprint)
        return str(mine.values_list("layout__account", flat=True).first() or "")

    def went_to(self, user_id: UUID, fingerprint: str, account_id: str) -> None:
        """Write down the account that a table of that shape went to: it is proposed for the next one."""
        for kept in self.filter(user_id=user_id, fingerprint=fingerprint):
            self.filter(id=kept.id).update(layout={**kept.layout, "account": account_id})

    def keep(self, user_id: UUID, fingerprint: str, layout: Mapping[str, Any]) -> None:
        """Keep a layout for the next file of that shape, instead of the one before."""
        kept: dict[str, Any] = {"layout": dict(clean_layout(layout)), "changed_at": timezone.now()}
        if before := self.account_of(user_id, fingerprint):
            kept["layout"]["account"] = before
        self.update_or_create(user_id=user_id, fingerprint=fingerprint, defaults=kept)
        beyond = self.filter(user_id=user_id).values_list("id", flat=True)[self.MOST :]
        self.filter(id__in=list(beyond)).delete()


class TableLayout(models.Model):
    """How a person's tables of one shape are read."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="table_layouts", db_index=False
    )
    fingerprint = models.CharField(max_length=32, help_text="A digest of the table's headings and delimiter.")
    layout = models.JSONField(help_text="Roles of columns, order of days, decimal mark, signs, currency.")
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TableLayoutManager] = TableLayoutManager()

    class Meta:
        ordering = ("-changed_at", "-id")
        constraints = (models.UniqueConstraint("user", "fingerprint", name="table_layout_once_per_shape"),)

    def __str__(self) -> str:
        return f"table layout {self.id}"
