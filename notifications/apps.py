"""Mail to people, live events to their open pages."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"

    def ready(self) -> None:
        """Register the mails of each app, a gauge, what a restore holds back, and the path of WebSockets."""
        from dashtam.installation.backup import after
        from dashtam.telemetry import metrics
        from dashtam.web.paths import program_paths
        from notifications import gauges
        from notifications.models import Email

        autodiscover_modules("mails")
        metrics.gauges.append(gauges.outbox)
        after.register(Email.objects.hold_after_restore)
        program_paths.register("/ws/")
