"""Spans and metrics for an OpenTelemetry collector: on where one is named, and without anything private."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from django.test import AsyncClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.errors import ServiceBusy
from dashtam.telemetry import metrics, traces
from dashtam.telemetry.otlp import Exports

CANARY = "c4n4ry-of-a-secret"


class Collector:
    """A collector that takes OTLP over HTTP and keeps what it gets."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                received.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def spans(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, body in self.received:
            if path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    found |= {span.name: span for scope in resource.scope_spans for span in scope.spans}
        return found

    def metrics(self) -> dict[str, Any]:
        (body,) = (body for path, body in self.received if path == "/v1/metrics")
        (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
        self.resource = {each.key: each.value.string_value for each in resource.resource.attributes}
        return {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    collector.thread.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()
    collector.thread.join()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def of(quantity: str) -> User:
    raise ServiceBusy(f"{CANARY} {quantity}")


@pytest.mark.django_db
async def test_spans_nest_and_hold_patterns_and_codes_alone(
    collector: Collector, async_client: AsyncClient, ana: User
) -> None:
    exports = Exports("web")
    try:
        await async_client.get(f"/reset-password?token={CANARY}")
        await async_client.get("/api/v1/accounts/01890000-0000-7000-8000-000000000000")
        with traces.span("dashtam.tasks.some", "consumer", dashtam__queue="sync"):

            async def call() -> httpx.Response:
                return httpx.Response(503, text=CANARY)

            await metrics.provider_call("sandbox", call())
            with pytest.raises(ServiceBusy):
                await run_db(of, CANARY)
            assert await run_db(User.objects.filter(email=ana.email).count) == 1
    finally:
        exports.finish()
    assert CANARY not in str(collector.received)
    assert ana.email not in str(collector.received)
    spans = collector.spans()
    request = attributes(spans["GET /api/v1/accounts/<uuid:id>"])
    assert (request["http.route"], request["http.response.status_code"]) == (
        "/api/v1/accounts/<uuid:id>",
        401,
    )
    assert len(request["dashtam.request_id"]) == 16
    assert "GET /reset-password" in spans
    task, call_span, hop = spans["dashtam.tasks.some"], spans["call"], spans["of"]
    assert {call_span.parent_span_id, hop.parent_span_id} == {task.span_id}
    assert {call_span.trace_id, hop.trace_id} == {task.trace_id}
    assert attributes(call_span) == {"dashtam.provider": "sandbox", "http.response.status_code": 503}
    assert attributes(hop)["error.type"] == "service_busy"
    assert "count" in str(list(spans))
    assert not any(span.events for span in spans.values())
    assert traces.tracer is None


def test_the_metrics_of_this_process_arrive_as_prometheus_has_them(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    exports = Exports("worker")
    assert traces.tracer is None
    metrics.sync("succeeded")
    metrics.database_wait(0.003)
    metrics.database_wait(1e9)  # beyond the last bound
    exports.finish()
    assert collector.spans() == {}
    found = collector.metrics()
    assert collector.resource["service.name"] == "dashtam"
    assert collector.resource["dashtam.role"] == "worker"
    (counted,) = (
        p for p in found["dashtam_syncs"].sum.data_points if attributes(p)["outcome"] == "succeeded"
    )
    assert counted.as_double >= 1
    assert found["dashtam_syncs"].sum.is_monotonic
    (waited,) = found["dashtam_database_wait_seconds"].histogram.data_points
    assert len(waited.bucket_counts) == len(waited.explicit_bounds) + 1
    assert sum(waited.bucket_counts) == waited.count
    assert waited.bucket_counts[-1] >= 1
    assert found["dashtam_websockets_open"].gauge.data_points


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (False, False)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, (True, True)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "True"}, (False, False)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, (True, False)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, (True, False)),
        ({"OTEL_SERVICE_NAME": "dashtam"}, (False, False)),
    ],
)
def test_the_standard_variables_turn_each_signal_on(
    environment: dict[str, str], expected: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (traces.wanted("traces"), traces.wanted("metrics")) == expected
