"""A span on its way to a collector."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from routeiq.kit.telemetry import Telemetry
from tests.support.waiting import PATIENCE_S


class Collector(TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[tuple[ExportTraceServiceRequest, dict[str, str | bytes]]] = SimpleQueue()

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        self.requests.put((request, dict(context.invocation_metadata())))
        return ExportTraceServiceResponse()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector, server = Collector(), grpc.server(ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]  # generated
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=one")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    yield collector
    server.stop(None).wait()


def test_a_span_reaches_the_collector(collector: Collector) -> None:
    telemetry = Telemetry("gateway", "1")
    span = telemetry.start_span("gateway chat")
    assert span is not None
    span.end({"router.strategy": "ensemble"}, [("happened", {"n": 1})])
    telemetry.shutdown()
    request, metadata = collector.requests.get(timeout=PATIENCE_S)
    (resource,) = request.resource_spans
    (exported,) = resource.scope_spans[0].spans
    assert {one.key: one.value.string_value for one in resource.resource.attributes}.items() >= {
        ("service.name", "routeiq-gateway"), ("deployment.environment.name", "test"),
    }  # fmt: skip
    assert (exported.name, exported.kind, exported.attributes[0].value.string_value) == ("gateway chat", 2, "ensemble")
    assert [one.name for one in exported.events] == ["happened"]
    assert metadata["x-tenant"] == "one"
