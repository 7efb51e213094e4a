"""Gauges of connections."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client import Metric

from dashtam.telemetry.gauges import gauge
from providers.connections.models import Connection


def connections() -> Iterator[Metric]:
    """The number of connections in each state."""
    counted = Connection.objects.values("state").annotate(count=Count("id"))
    found = {row["state"]: row["count"] for row in counted}
    states = [(str(state), found.get(state, 0)) for state in Connection.State]
    yield gauge("connections", "Connections to institutions.", "state", states)
