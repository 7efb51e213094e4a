"""Mail to people, live events to their open pages."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"

    def ready(self) -> None:
        """Learn which mails each app sends, and let /metrics count the mail that waits."""
        from dashtam.telemetry import metrics
        from notifications import gauges

        autodiscover_modules("mails")
        metrics.gauges.append(gauges.outbox)
