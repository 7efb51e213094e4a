"""Connections to institutions, and the data that comes back."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Connections, tokens, accounts, transactions."""

    name = "providers"
    verbose_name = "Providers and data"

    def ready(self) -> None:
        """Let /metrics count the connections."""
        from dashtam import metrics
        from providers import stock

        metrics.stocks.append(stock.connections)
