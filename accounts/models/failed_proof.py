"""Failed proofs of identity in a row, counted in the database, so that no restart resets them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from accounts.models.audit import NOBODY, AuditEvent
from dashtam.crypto import sealed_tokens
from notifications.models import Email

if TYPE_CHECKING:
    from accounts.models.user import User

FREE = 5  # failures in a row before the first wait
WAITS = (60, 120, 240, 480, 900)  # seconds; the last for all that follow
FRESH = timedelta(hours=12)  # a longer pause starts the waits anew
KEPT = timedelta(days=90)
MOST = 100  # failures in a row before a password alone no longer opens anything (NIST SP 800-63B-4 §3.2.2)

# Seconds until the next try may be made, by the database's clock, which all processes share. What seems to lie in
# the future was written before the clock was set back, and causes no wait.
_WAIT = f"""
CASE WHEN known.recent < {FREE} OR known.last_at NOT BETWEEN now() - %(fresh)s AND now() + interval '1 minute' THEN 0
ELSE (ARRAY[{", ".join(map(str, WAITS))}])[least(known.recent - {FREE - 1}, {len(WAITS)})]
    - extract(epoch FROM now() - known.last_at) END"""


def count_sql(*, user: str, quick: bool) -> str:
    """SQL that counts a try of `user`, unless it comes too early or, with `quick`, is the last before a lock."""
    last = f"AND known.total <> {MOST - 1}" if quick else ""
    return f"""
INSERT INTO accounts_failedproof AS known (subject_hash, user_id, recent, total, last_at)
VALUES (%(subject)s, {user}, 1, 1, now())
ON CONFLICT (subject_hash) DO UPDATE SET
    recent = CASE WHEN known.last_at > now() - %(fresh)s THEN known.recent + 1 ELSE 1 END,
    total = known.total + 1, last_at = now(), user_id = excluded.user_id
WHERE {_WAIT} <= 0 {last}
RETURNING total"""  # noqa: S608 our own numbers


_COUNT = count_sql(user="%(user)s", quick=False)
_LEFT = f"SELECT {_WAIT} FROM accounts_failedproof known WHERE subject_hash = %(subject)s"  # noqa: S608


def subject_of(kind: str, key: object) -> bytes:
    """The key under which failures are counted: a keyed hash, which identifies no person."""
    return sealed_tokens.digest(f"failures by {kind}: {key}")


class Standing(NamedTuple):
    """The verdict on a try: not before `wait` seconds have passed; when `locked`, it fails even if right."""

    wait: float = 0.0
    locked: bool = False
    in_a_row: int = 0  # failures, this try among them

    @classmethod
    def of(cls, total: int) -> "Standing":
        """The verdict on a try that was counted as the `total`th in a row."""
        return cls(locked=total > MOST, in_a_row=total)


class FailedProofManager(models.Manager["FailedProof"]):
    """Counts each try as failed before it is made: of many at once, none is made uncounted."""

    @transaction.atomic
    def begin(self, *, subject: bytes, user_id: UUID | None, warn: "User | None" = None) -> Standing:
        """Count a try, unless it comes too early. Mails `warn` at the last try before the lock."""
        values: dict[str, Any] = {"subject": subject, "user": user_id, "fresh": FRESH}
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, values)
            counted = cursor.fetchone()
            if counted is None:
                cursor.execute(_LEFT, values)
                left = cursor.fetchone()  # none when the person has just proved who they are
                return Standing(wait=max(1.0, float(left[0])) if left else 1.0)
        if counted[0] == MOST and warn is not None and warn.is_active:
            Email.objects.queue(user_id=warn.id, to=warn.email, kind="sign_in_locked")
            AuditEvent.objects.record("sign_in.locked", user_id=warn.id, actor_id=NOBODY)
        return Standing.of(counted[0])

    def forget(self, *subjects: bytes) -> None:
        """Delete the failures of these subjects, after a proof of identity or of the mailbox."""
        self.filter(subject_hash__in=subjects).delete()

    def long_over(self) -> "models.QuerySet[FailedProof]":
        """The failures of email addresses without an account, once they cause no wait any more.

        Those of a person's devices, sessions and codes after KEPT, unless they lock something.
        """
        now = timezone.now()
        strangers = models.Q(user=None, last_at__lt=now - 2 * FRESH)
        known = models.Q(user__isnull=False, total__lt=MOST, last_at__lt=now - KEPT)
        return self.filter(strangers | known)


class FailedProof(models.Model):
    """The failures in a row of one account, device or session."""

    subject_hash = models.BinaryField(primary_key=True, max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    recent = models.PositiveIntegerField(default=0, help_text="In a row, without a long pause.")
    total = models.PositiveIntegerField(default=0, help_text="In a row.")
    last_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[FailedProofManager] = FailedProofManager()

    class Meta:
        indexes = (
            models.Index(fields=("last_at",), condition=models.Q(user=None), name="failed_proof_tidy"),
            models.Index(
                fields=("last_at",), condition=models.Q(user__isnull=False), name="failed_proof_age"
            ),
        )

    def __str__(self) -> str:
        return f"{self.total} failures, the last at {self.last_at}"
