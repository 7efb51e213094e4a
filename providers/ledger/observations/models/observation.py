"""Deliveries and observations: everything that a source has said, and since when."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from dashtam.crypto.sealed_fields import SealedField
from dashtam.ids import uuid7
from providers.ledger.identity.records import Reason, State, Status
from providers.ledger.models.numbers import ExactField
from providers.ledger.observations.models.source import Source

# For the least and the greatest id of one source: the bare id is looked for from an end of the whole table, through all
# that others have said before or since.
ID_WITHIN = F("id") + 0


class Delivery(models.Model):
    """A statement of a source, as far as it was new: one block, compressed and sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="deliveries")
    at = models.DateTimeField()
    covers = models.JSONField(default=list, help_text="The windows that it stated completely.")
    rows_count = models.PositiveIntegerField(help_text="How many rows it stated, known ones included.")
    block = SealedField(help_text="Its new and changed rows, as records in JSON.")

    objects: ClassVar[models.Manager["Delivery"]] = models.Manager()

    class Meta:
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"delivery {self.id}"


class ObservationManager(models.Manager["Observation"]):
    """Finds observations by person and event."""

    def of_event(self, user_id: UUID, event: UUID) -> "models.QuerySet[Observation]":
        """Everything that was said about an event of this person, oldest first."""
        mine = self.filter(source__account__user_id=user_id, event=event)
        return mine.select_related("source__account").order_by("id")


class Observation(models.Model):
    """An observation: one row as a source stated it, from the delivery that brought it until the one that ended it."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="observations", db_index=False)
    # Without a constraint of the database: a delivery and its rows are written and deleted together.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    place = models.PositiveIntegerField(help_text="The position in the delivery's block.")
    event = models.UUIDField(help_text="The transaction it tells of.")
    row_id = models.CharField(max_length=255, blank=True, help_text="The source's id, if it is worth any.")
    replaces = models.CharField(max_length=255, blank=True)
    date = models.DateField()
    amount = ExactField()
    unit = models.CharField(max_length=32)
    status = models.SmallIntegerField(choices=[(status.value, status.name.lower()) for status in Status])
    text = models.CharField(max_length=300, blank=True)
    row_hash = models.BinaryField(max_length=16)
    state = models.SmallIntegerField(choices=[(state.value, state.name.lower()) for state in State])
    reason = models.CharField(max_length=10, choices=[(reason.value, reason.value) for reason in Reason])
    at = models.DateTimeField(help_text="When it was first said.")
    until = models.DateTimeField(null=True, help_text="When it was last true; empty while it is.")

    objects: ClassVar[ObservationManager] = ObservationManager()

    class Meta:
        indexes = (
            models.Index(fields=("source", "date"), name="observation_by_day"),
            models.Index(fields=("source", "row_id"), name="observation_by_id", condition=~Q(row_id="")),
            models.Index(
                fields=("source", "replaces"), name="observation_replaces", condition=~Q(replaces="")
            ),
            models.Index(fields=("event",), name="observation_by_event"),
            models.Index(
                fields=("source", "status"),
                name="observation_provisional",
                condition=Q(status__lt=Status.POSTED.value),
            ),
        )

    def __str__(self) -> str:
        return f"observation {self.id}"
