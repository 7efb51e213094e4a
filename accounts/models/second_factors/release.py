"""The release of a person who has lost all second factors: slow, and announced to them by mail."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models.audit import NOBODY, AuditEvent
from accounts.models.second_factors.passkey import Passkey
from accounts.models.second_factors.recovery_code import RecoveryCode
from accounts.models.second_factors.second_factor import SecondFactors
from accounts.models.second_factors.totp import Totp

RELEASE_WAIT = timedelta(hours=72)  # for the person to read our mail and object
RELEASE_TTL = timedelta(days=14)


@transaction.atomic
def release(*, user_id: UUID) -> datetime | None:
    """Begin to remove all second factors of a person; asked again after RELEASE_WAIT, remove them and return None.

    Until then, return when that will be. A second factor that is shown meanwhile makes it start anew.
    """
    now = timezone.now()
    asked = AuditEvent.objects.filter(user_id=user_id, action="mfa.release_started", at__gt=now - RELEASE_TTL)
    started = asked.order_by("-id").first()
    if started is None or _settled(started):
        SecondFactors.tell(user_id=user_id, change="release_started", actor_id=NOBODY, stops="yes")
        return now + RELEASE_WAIT
    if now < started.at + RELEASE_WAIT:
        return started.at + RELEASE_WAIT
    Totp.objects.filter(user_id=user_id).delete()
    Passkey.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.filter(user_id=user_id).delete()
    SecondFactors.tell(user_id=user_id, change="released", actor_id=NOBODY)
    return None


def _settled(started: AuditEvent) -> bool:
    """Return whether the person has shown a second factor since, or the release has been completed."""
    since = AuditEvent.objects.filter(user_id=started.user_id, id__gt=started.pk)
    proofs = since.filter(action__in=("session.opened", "session.reauthenticated"))
    shown = proofs.exclude(detail__factor="")
    return shown.exists() or since.filter(action="mfa.released").exists()
