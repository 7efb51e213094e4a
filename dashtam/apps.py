"""The project package as an app: static files, template tags, system checks."""

from django.apps import AppConfig


class DashtamConfig(AppConfig):
    """What every other app may import."""

    name = "dashtam"

    def ready(self) -> None:
        """Register the gauges of the job queue."""
        from dashtam.telemetry import gauges, metrics

        metrics.gauges.append(gauges.jobs)
