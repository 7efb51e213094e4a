"""Second factors: what every change of them entails, in the transaction of that change."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import FactorRequired
from accounts.models.audit import AuditEvent
from accounts.models.second_factors.recovery_code import RecoveryCode
from dashtam.web.visitor import network_of, request_ip
from notifications.models import Email

# Whether `person`, a row of accounts_user, has an authenticator app or a passkey.
ENROLLED = """(
    EXISTS (SELECT FROM accounts_totp WHERE user_id = person.id AND confirmed_at IS NOT NULL)
    OR EXISTS (SELECT FROM accounts_passkey WHERE user_id = person.id))"""


class SecondFactors:
    """The authenticator app, passkeys and recovery codes of a person."""

    @staticmethod
    def added(*, user_id: UUID, factor: str, code_hashes: Sequence[bytes]) -> bool:
        """Note an added factor. The first one brings recovery codes; returns whether it did."""
        first = not RecoveryCode.objects.unused(user_id=user_id).exists()
        if first:
            RecoveryCode.objects.renew(user_id=user_id, code_hashes=code_hashes)
        SecondFactors.tell(user_id=user_id, change=f"{factor}_added")
        return first

    @staticmethod
    def removed(*, user_id: UUID, factor: str) -> None:
        """Note a removed factor; with the last one the recovery codes go. Raises FactorRequired for staff."""
        user = get_user_model().objects.select_for_update().get(id=user_id)
        if not SecondFactors.enrolled(user_id=user_id):
            if user.is_staff:
                raise FactorRequired
            RecoveryCode.objects.filter(user_id=user_id).delete()
        SecondFactors.tell(user_id=user_id, change=f"{factor}_removed")

    @staticmethod
    @transaction.atomic
    def use_code(*, user_id: UUID, code_hash: bytes) -> bool:
        """Use a recovery code up. Of many callers at once one gets True."""
        if not RecoveryCode.objects.use(user_id=user_id, code_hash=code_hash):
            return False
        left = RecoveryCode.objects.unused(user_id=user_id).count()
        SecondFactors.tell(user_id=user_id, change="recovery_code_used", left=str(left))
        return True

    @staticmethod
    @transaction.atomic
    def renew_codes(*, user_id: UUID, code_hashes: Sequence[bytes]) -> bool:
        """Replace all recovery codes. False without a factor that they could stand in for."""
        if not SecondFactors.enrolled(user_id=user_id):
            return False
        RecoveryCode.objects.renew(user_id=user_id, code_hashes=code_hashes)
        SecondFactors.tell(user_id=user_id, change="recovery_codes_renewed")
        return True

    @staticmethod
    def enrolled(*, user_id: UUID) -> bool:
        """Return whether the person has an authenticator app or a passkey."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT FROM accounts_user AS person WHERE id = %s AND {ENROLLED}", [user_id])
            return cursor.fetchone() is not None

    @staticmethod
    @transaction.atomic
    def tell(*, user_id: UUID, change: str, actor_id: UUID | None = None, **detail: str) -> None:
        """Mail the person, and record an audit event."""
        user = get_user_model().objects.get(id=user_id)
        context = {
            "change": change,
            "when": timezone.now().isoformat(),
            "network": network_of(request_ip.get()) or "unknown",
            **detail,
        }
        Email.objects.queue(user_id=user.id, to=user.email, kind="second_factor_changed", context=context)
        AuditEvent.objects.record(f"mfa.{change}", user_id=user_id, actor_id=actor_id)
