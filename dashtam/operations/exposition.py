"""GET /metrics: the measurements of all processes of this machine, for Prometheus."""

import asyncio
import hmac
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from dashtam import errors
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView
from dashtam.bridge.doors import run_aside, run_db
from dashtam.telemetry import metric_files, metrics
from dashtam.web.visitor import comes_from

GAUGES_SECONDS = 2.0
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


class Metrics(ApiView):
    """Measurements as text. Without a token they are for the networks of METRICS_NETWORKS alone."""

    public = True

    @extend_schema(
        operation_id="metrics",
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "Prometheus' text format."),
            **problem_responses(401, 404),
        },
    )
    async def get(self, request: Any) -> HttpResponse:
        _admit(request._request)
        gauges = await _gauges()
        return HttpResponse(await run_aside(_text, gauges), content_type=CONTENT_TYPE_LATEST)


def _admit(request: HttpRequest) -> None:
    """Check network or token. Raises NotFound, or Unauthorized if METRICS_TOKEN is set."""
    if _from_allowed_network(request):
        return
    if not settings.METRICS_TOKEN:
        raise errors.NotFound()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.strip().encode(), settings.METRICS_TOKEN.encode()
    ):
        raise errors.Unauthorized("Send the value of METRICS_TOKEN as a bearer token.")


def _from_allowed_network(request: HttpRequest) -> bool:
    """True for METRICS_NETWORKS. A request forwarded by an untrusted proxy may come from anywhere, so it is refused."""
    if not settings.TRUSTED_PROXIES and any(name in request.META for name in FORWARDED):
        return False
    return comes_from(request, settings.METRICS_NETWORKS)


async def _gauges() -> list[Metric]:
    """Gauges queried from the database, within GAUGES_SECONDS; else only that the database is down."""
    up = GaugeMetricFamily("dashtam_database_up", "Whether the database answers.", 1)
    try:
        async with asyncio.timeout(GAUGES_SECONDS):
            return [up, *await run_db(_counted)]
    except (DatabaseError, InterfaceError, TimeoutError, errors.ServiceBusy):
        return [GaugeMetricFamily(up.name, up.documentation, 0)]


def _counted() -> list[Metric]:
    return [metric for gauge in metrics.gauges for metric in gauge()]


def _text(gauges: Iterable[Metric]) -> bytes:
    return generate_latest(_Ready([*_own(), *gauges]))


def _own() -> Iterable[Metric]:
    if metric_files.is_open():
        return metric_files.merged(settings.METRICS_FOLDER)
    return metrics.registry.collect()


class _Ready:
    """A collector of metrics that were collected before."""

    def __init__(self, collected: list[Metric]) -> None:
        self.collected = collected

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        return iter(self.collected)
