"""The database work of a sign-in: one SQL statement before the hash and one after it.

SQL, because many sign-ins at once get only what the hashes leave of the processors. Through models it was
seventeen statements, and half of the cost of a sign-in beside its hash.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts.devices import Device, describe
from accounts.models.audit import AuditEvent
from accounts.models.failed_proof import FRESH, FailedProof, Standing, count_sql, subject_of
from accounts.models.second_factors.second_factor import ENROLLED
from accounts.models.session import Session
from dashtam.web.visitor import network_of
from notifications.models import Email

if TYPE_CHECKING:
    from accounts.models.user import User

Person = TypeVar("Person", bound=AbstractBaseUser)  # User, which builds on this module

_BEGIN = f"""
WITH person AS (SELECT {{columns}} FROM accounts_user WHERE email = %(email)s),
counted AS ({count_sql(user="(SELECT id FROM person)", quick=True)})
SELECT person.*, counted.total, {ENROLLED} AS enrolled, EXISTS (
    SELECT FROM accounts_session WHERE user_id = person.id AND kind = %(kind)s AND kind <> 'browser'
    AND user_agent = %(user_agent)s AND ip = %(ip)s::inet) AS familiar
FROM (SELECT) AS always LEFT JOIN person ON true LEFT JOIN counted ON true"""  # noqa: S608 our own fragments

_OPEN = f"""
WITH person AS (
    SELECT id FROM accounts_user AS person
    WHERE id = %(user_id)s AND password = %(password)s AND is_active AND (%(mfa)s OR NOT {ENROLLED})
    FOR NO KEY UPDATE
), forgotten AS (
    DELETE FROM accounts_failedproof USING person WHERE subject_hash = ANY(%(proved)s)
), opened AS (
    INSERT INTO accounts_session (id, user_id, kind, counter, user_agent, ip, created_at, last_seen_at,
        authenticated_at, mfa, expires_at, idle_expires_at, revoke_reason)
    SELECT %(id)s, id, %(kind)s, 0, %(user_agent)s, %(ip)s::inet, %(now)s, %(now)s, %(now)s, %(mfa)s,
        %(expires_at)s, %(idle_expires_at)s, ''
    FROM person RETURNING user_id
)
INSERT INTO accounts_auditevent (at, action, user_id, actor_id, ip, request_id, detail)
SELECT %(now)s, %(action)s, user_id, user_id, %(network)s, %(request_id)s, %(detail)s FROM opened
RETURNING id"""  # noqa: S608 our own fragments


class Begun(NamedTuple):
    """The start of a sign-in: the person with the email address, if any, and the verdict on the try.

    `enrolled`: they have a second factor. `familiar`: this program has signed them in from this very IP before.
    """

    user: "User | None"
    standing: Standing
    enrolled: bool
    familiar: bool


class SignInManager(BaseUserManager[Person]):
    """The two statements of a sign-in."""

    def begin_sign_in(self, *, email: str, subject: bytes, device: Device) -> Begun:
        """Find the person with `email` and count the try, with the same statement whether or not there is one."""
        values = {
            "email": email,
            "subject": subject,
            "fresh": FRESH,
            "kind": device.kind,
            "user_agent": device.user_agent,
            "ip": device.ip,
        }
        found: Any = self.raw(_BEGIN.format(columns=_columns(self.model)), values)[0]
        user = found if found.id else None
        if found.total is not None:
            standing = Standing.of(found.total)
        else:
            warn = user if subject == subject_of("account", email) else None
            user_id = user.id if user else None
            standing = FailedProof.objects.begin(subject=subject, user_id=user_id, warn=warn)
        return Begun(user, standing, found.enrolled, found.familiar)

    def open_session(
        self,
        *,
        user: "User",
        factor: str,
        device: Device,
        familiar: bool = False,
        proved: Sequence[bytes] = (),
    ) -> Session | None:
        """Open a session; None if meanwhile `user` was disabled, has another password, or has set up a factor.

        `factor` names the second factor that was shown, if any. Failures in a row of `proved` are forgotten. Unless
        the device is known or `familiar` (see Begun), their earlier sessions decide whether to mail of a new device.
        """
        session = Session.objects.made(
            user_id=user.id,
            kind=device.kind,
            user_agent=device.user_agent,
            ip=device.ip,
            mfa=bool(factor),
        )
        if device.known or familiar:
            return _open(session, user, factor, proved)
        with transaction.atomic():
            opened = _open(session, user, factor, proved)
            if opened is not None:
                _tell_of_new(opened, user, device)
            return opened


def _columns(model: type[AbstractBaseUser]) -> str:
    """The columns by name: a prepared `SELECT *` would fail as soon as the table has one more."""
    return ", ".join(str(field.column) for field in model._meta.concrete_fields)


def _open(session: Session, user: "User", factor: str, proved: Sequence[bytes]) -> Session | None:
    event = AuditEvent.objects.made(
        "session.opened",
        user_id=user.id,
        ip=session.ip,
        session_id=str(session.id),
        kind=session.kind,
        factor=factor,
    )
    values: dict[str, Any] = {
        "user_id": user.id,
        "password": user.password,
        "proved": list(proved),
        "id": session.id,
        "kind": session.kind,
        "user_agent": session.user_agent,
        "ip": session.ip,
        "now": session.created_at,
        "mfa": session.mfa,
        "expires_at": session.expires_at,
        "idle_expires_at": session.idle_expires_at,
        "action": event.action,
        "network": event.ip,
        "request_id": event.request_id,
        "detail": Jsonb(event.detail),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        if cursor.fetchone() is None:
            return None
    AuditEvent.objects.log(event)
    session._state.adding = False  # noqa: SLF001 what `save` would set
    return session


def _tell_of_new(session: Session, user: "User", device: Device) -> None:
    """Mail the person of a sign-in from a device not seen before, except for their very first one."""
    others = Session.objects.filter(user_id=user.id).exclude(id=session.id)
    earlier = list(others.values_list("kind", "user_agent", "ip")[:200])
    if not earlier or device.is_known(earlier):
        return
    context = {
        "when": timezone.now().isoformat(),
        "device": describe(device.user_agent),
        "network": network_of(device.ip or "") or "unknown",
    }
    Email.objects.queue(user_id=user.id, to=user.email, kind="new_device", context=context)
