"""The project package as an app: static files, template tags, system checks."""

from django.apps import AppConfig


class DashtamConfig(AppConfig):
    """The foundation that every other app may import."""

    name = "dashtam"

    def ready(self) -> None:
        """Register the gauges of the job queue, and the paths that are for programs."""
        from dashtam.telemetry import gauges, metrics
        from dashtam.web.headers import REPORTS
        from dashtam.web.paths import API, program_paths

        metrics.gauges.append(gauges.jobs)
        metrics.gauges.append(gauges.outgoing)
        metrics.gauges.append(gauges.backups)
        program_paths.register(API, cookieless=True)
        program_paths.register("/healthz", "/healthz/installation", "/readyz", cookieless=True, probe=True)
        program_paths.register("/metrics", cookieless=True, probe=True)
        program_paths.allow_any_host("/healthz", "/healthz/installation", "/readyz")
        program_paths.register(REPORTS)
