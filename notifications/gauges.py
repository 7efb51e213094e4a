"""Gauges of the outbox."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from dashtam.telemetry.gauges import gauge
from notifications.models import Email


def outbox() -> Iterator[Metric]:
    """Count the mail that waits or was given up, and the seconds that the oldest has waited."""
    open_mail = Email.objects.exclude(state=Email.State.SENT).values("state")
    found = {row["state"]: row for row in open_mail.annotate(count=Count("id"), oldest=Min("created_at"))}
    states = (Email.State.QUEUED, Email.State.FAILED)
    counts = [(str(state), found[state]["count"] if state in found else 0) for state in states]
    yield gauge("mail_outbox", "Mail that has not gone out.", "state", counts)
    waiting = found.get(Email.State.QUEUED)
    age = (timezone.now() - waiting["oldest"]).total_seconds() if waiting else 0.0
    yield GaugeMetricFamily("dashtam_mail_oldest_seconds", "How long the oldest mail has waited.", age)
