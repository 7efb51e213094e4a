"""Telling people and machines."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"

    def ready(self) -> None:
        """Let /metrics count the mail that waits."""
        from dashtam.telemetry import metrics
        from notifications import gauges

        metrics.gauges.append(gauges.outbox)
