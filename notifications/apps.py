"""Mail to people, live events to their open pages."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"

    def ready(self) -> None:
        """Register the mails of each app, the gauge of the outbox, and the path of WebSockets."""
        from dashtam.telemetry import metrics
        from dashtam.web.paths import program_paths
        from notifications import gauges

        autodiscover_modules("mails")
        metrics.gauges.append(gauges.outbox)
        program_paths.register("/ws/")
