"""Connections to institutions, and the data that comes back."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Connections, tokens, accounts, transactions."""

    name = "providers"
    verbose_name = "Providers and data"

    def ready(self) -> None:
        """Register gauges, upkeep, the end of a restore and institutions' names, and read their settings."""
        from dashtam.installation.backup import after
        from dashtam.processes import upkeep
        from dashtam.telemetry import metrics
        from dashtam.web import rendering
        from dashtam.web.paths import API, program_paths
        from providers import connectors, gauges, wiring
        from providers.connections.models import ProviderToken
        from providers.connectors.settings import load
        from providers.ledger.queries.reviews import waiting
        from providers.wire import outage_guard

        metrics.gauges.append(gauges.connections)
        rendering.beside["reviews_waiting"] = waiting
        after.register(ProviderToken.objects.note_restored)
        upkeep.register(wiring.replay_token_spool)
        program_paths.allow_files(f"{API}v1/imports", "/imports/new")
        outage_guard.provider_of = connectors.slug_of
        for connector in connectors.CONNECTORS.values():
            load(connector)
