"""Telling people and machines."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"

    def ready(self) -> None:
        """Let /metrics count the mail that waits, and say where programs open WebSockets."""
        from dashtam.telemetry import metrics
        from dashtam.web.paths import program_paths
        from notifications import gauges

        metrics.stocks.append(gauges.outbox)
        program_paths.register("/ws/")
