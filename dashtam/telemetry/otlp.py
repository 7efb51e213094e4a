"""Export of spans and metrics to an OpenTelemetry collector by OTLP over HTTP. Imported only where one is named.

The metrics are those of `/metrics`, of this process alone. The library's own variables set intervals, headers,
certificates, sampling and the name of the service.
"""

import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import export as data
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from prometheus_client import Metric

from dashtam.telemetry import metrics, traces

SCOPE = "dashtam"
KINDS = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
STARTED = time.time_ns()


class _Span:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def name(self, name: str) -> None:
        self.inner.update_name(name)

    def note(self, attributes: traces.Attributes) -> None:
        self.inner.set_attributes(attributes)

    def failed(self, reason: str) -> None:
        self.inner.set_attribute("error.type", reason)
        self.inner.set_status(Status(StatusCode.ERROR))


class _Spans:
    """Spans of the library, without what it would write of exceptions: their messages may quote private data."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer

    @contextmanager
    def span(self, name: str, kind: str, attributes: traces.Attributes) -> Iterator[traces.Span]:
        with self.tracer.start_as_current_span(
            name,
            kind=KINDS[kind],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as inner:
            span = _Span(inner)
            try:
                yield span
            except BaseException as error:
                span.failed(getattr(error, "code", "") or type(error).__name__)
                raise


class Exports:
    """The exports of one process. The library waits for the network, so its methods are called on threads."""

    def __init__(self, role: str) -> None:
        # Their warnings quote the collector's answers.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        own = {"service.instance.id": f"{role}-{secrets.token_hex(6)}", "dashtam.role": role}
        named = "OTEL_SERVICE_NAME" in os.environ or "service.name" in os.environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        self.resource = Resource.create(own if named else own | {"service.name": "dashtam"})
        self.provider: TracerProvider | None = None
        self.exporter = OTLPMetricExporter() if traces.wanted("metrics") else None
        if traces.wanted("traces"):
            self.provider = TracerProvider(resource=self.resource, shutdown_on_exit=False)
            self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            traces.tracer = _Spans(self.provider.get_tracer(SCOPE))

    @property
    def every_seconds(self) -> float:
        """The time between two exports of metrics."""
        return int(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "60000")) / 1000

    def export_metrics(self) -> None:
        """Send the present numbers of this process; they are sums, so that a collector that is away misses nothing."""
        if self.exporter is not None:
            now = time.time_ns()
            found = [_converted(each, now) for each in metrics.registry.collect() if each.samples]
            scope = data.ScopeMetrics(InstrumentationScope(SCOPE), found, "")
            self.exporter.export(data.MetricsData([data.ResourceMetrics(self.resource, [scope], "")]), 5_000)

    def finish(self) -> None:
        """Send what is left, for some seconds at most."""
        traces.tracer = None
        self.export_metrics()
        if self.provider is not None:
            self.provider.force_flush(2_000)
            self.provider.shutdown()
        if self.exporter is not None:
            self.exporter.shutdown(1_000)


def _converted(metric: Metric, now: int) -> data.Metric:
    """A metric of prometheus_client in the terms of OpenTelemetry."""
    point = partial(data.NumberDataPoint, start_time_unix_nano=STARTED, time_unix_nano=now)
    content: Any
    if metric.type == "histogram":
        content = data.Histogram(list(_histograms(metric, now)), data.AggregationTemporality.CUMULATIVE)
    else:
        counter = metric.type == "counter"
        wanted = [each for each in metric.samples if not counter or each.name.endswith("_total")]
        points = [point(attributes=dict(each.labels), value=each.value) for each in wanted]
        content = (
            data.Sum(points, data.AggregationTemporality.CUMULATIVE, is_monotonic=True)
            if counter
            else data.Gauge(points)
        )
    return data.Metric(metric.name, metric.documentation, "", content)


def _histograms(metric: Metric, now: int) -> Iterable[data.HistogramDataPoint]:
    """One point for each set of labels; Prometheus counts a value in all buckets that it fits, OTLP in one."""
    buckets: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in metric.samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        if sample.name.endswith("_bucket"):
            buckets.setdefault(labels, {})[float(sample.labels["le"])] = sample.value
        elif sample.name.endswith("_sum"):
            sums[labels] = sample.value
    for labels, counts in buckets.items():
        bounds = sorted(counts)
        below = [0.0, *(counts[bound] for bound in bounds)]
        yield data.HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=STARTED,
            time_unix_nano=now,
            count=int(counts[bounds[-1]]),
            sum=sums.get(labels, 0.0),
            bucket_counts=[int(high - low) for low, high in pairwise(below)],
            explicit_bounds=bounds[:-1],
            min=0.0,
            max=0.0,
        )
