"""What is kept of people's doings for a while and then forgotten; the audit log tells what happened before."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, EmailChange, FailedProof, OneTimeLink, Session
from dashtam.parts import delete_in_parts

LINKS = timedelta(days=30)
ENDED = timedelta(days=90)


async def forget_old() -> None:
    """Delete what expired or ended long ago, and failures to sign in that have no effect any more."""
    now = timezone.now()
    ended = Q(revoked_at__lt=now - ENDED) | Q(expires_at__lt=now - ENDED)
    await delete_in_parts(OneTimeLink.objects.filter(expires_at__lt=now - LINKS))
    await delete_in_parts(Session.objects.filter(ended | Q(idle_expires_at__lt=now - ENDED)))
    await delete_in_parts(ApiKey.objects.filter(ended))
    await delete_in_parts(EmailChange.objects.filter(created_at__lt=now - ENDED))
    await delete_in_parts(FailedProof.objects.long_over())
