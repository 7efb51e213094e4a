"""The doctor's checks of the staff and the audit log."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDay
from django.utils import timezone

from accounts import wiring
from accounts.audit.chain import ChainBroken, verify
from accounts.errors import SignInProviderAway
from accounts.models import AuditEvent, User
from dashtam.doctor.checkup import Finding, examines
from dashtam.installation.database_roles import may_edit

DAYS, OFTEN = 14, 5


@examines("staff")
def staff(*, full: bool) -> Iterator[Finding]:
    """Find superusers who use the admin daily: their role is to appoint others."""
    since = timezone.now() - timedelta(days=DAYS)
    supers = User.objects.filter(is_superuser=True, is_active=True).values_list("pk", flat=True)
    visits = AuditEvent.objects.filter(action="admin.entered", user_id__in=list(supers), at__gt=since)
    for visit in (
        visits.values("user_id").annotate(days=Count(TruncDay("at"), distinct=True)).order_by("user_id")
    ):
        if visit["days"] >= OFTEN:
            yield Finding(
                f"The superuser {visit['user_id']} was in the admin on {visit['days']} of the last {DAYS} days. "
                "For daily work use an account with the role Support or Operations.",
                trouble=False,
            )


@examines("who may come in")
def door(*, full: bool) -> Iterator[Finding]:
    """Tell of a door that waits for its first person, and of a sign-in provider that cannot be used."""
    if settings.SIGN_UP != "open" and not User.objects.exclude(email_verified_at=None).exists():
        yield Finding(
            "Nobody has an account yet. The first person who signs up becomes a superuser: do it now, before a "
            "stranger does.",
            trouble=False,
        )
    if settings.OIDC_CLIENT_ID and not settings.OIDC_ISSUER:
        yield Finding(
            "OIDC_CLIENT_ID is set but OIDC_ISSUER is not, so no sign-in provider is offered: set both, or neither."
        )
    provider = wiring.sign_in_provider()
    if provider is not None:
        try:
            asyncio.run(provider.check())
        except SignInProviderAway as error:
            yield Finding(f"OIDC_ISSUER, the sign-in provider, cannot be used. {error.detail}")


@examines("audit log")
def audit_log(*, full: bool) -> Iterator[Finding]:
    """Check that the application cannot edit the audit log and, when `full`, that its chain is whole."""
    if may_edit(connection, AuditEvent._meta.db_table):
        yield Finding(
            "The database role of DATABASE_URL may edit the audit log. Give Dashtam two roles: "
            "docs/operations.md, Database roles.",
            trouble=False,
        )
    if full:
        try:
            verify()
        except ChainBroken as broken:
            yield Finding(f"The audit log has been tampered with. {broken}")
