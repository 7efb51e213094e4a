"""Mail that stops: noted in the activity of the person whose address it is, and let out again."""

from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from accounts.models.audit import NOBODY, AuditEvent
from notifications.models import Suppression


def note(address: str, reason: str) -> None:
    """Record that no mail goes to the address any more, if an account has it."""
    user_id = get_user_model().objects.filter(email=address).values_list("id", flat=True).first()
    if user_id is not None:
        AuditEvent.objects.record(f"email.{reason}", user_id=user_id, actor_id=NOBODY)


@transaction.atomic
def resume(address: str, *, actor_id: UUID) -> bool:
    """Let mail go to the address again, and record who said so. False if nothing stopped it."""
    user_id = get_user_model().objects.filter(email=address).values_list("id", flat=True).first()
    if not Suppression.objects.lift(address=address):
        return False
    AuditEvent.objects.record("email.resumed", user_id=user_id, actor_id=actor_id)
    return True
