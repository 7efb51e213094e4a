"""The project package as an app: static files, template tags, system checks."""

from django.apps import AppConfig


class DashtamConfig(AppConfig):
    """The foundation that every other app may import."""

    name = "dashtam"

    def ready(self) -> None:
        """Let /metrics count the jobs, and say which paths are for programs."""
        from dashtam.telemetry import gauges, metrics
        from dashtam.web.headers import REPORTS
        from dashtam.web.paths import API, program_paths

        metrics.stocks.append(gauges.jobs)
        program_paths.register(API, cookieless=True)
        program_paths.register("/healthz", "/readyz", "/metrics", cookieless=True, probe=True)
        program_paths.register(REPORTS)
