"""Traces: off unless somebody listens, and then no more of them than asked for."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from routeiq.kit.telemetry import Sampling, Telemetry, TelemetrySettings, parent_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, PASSED_OVER = f"00-{TRACE}-{SPAN}-01".encode(), f"00-{TRACE}-{SPAN}-00".encode()


@pytest.fixture
def exporting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")


def test_nothing_is_exported_without_an_endpoint() -> None:
    assert not TelemetrySettings().exports
    telemetry = Telemetry("gateway", "1")
    assert telemetry.start_span("x", SAMPLED) is None
    telemetry.shutdown()


@pytest.mark.parametrize(("enabled", "exports"), [("true", True), ("false", False), ("1", True), ("0", False)])
def test_otel_enabled_switches(monkeypatch: pytest.MonkeyPatch, enabled: str, exports: bool) -> None:
    monkeypatch.setenv("OTEL_ENABLED", enabled)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    assert TelemetrySettings().exports is exports


def exported(*traceparents: bytes | None, attributes: int = 2, events: int = 2) -> tuple[ReadableSpan, ...]:
    """The sampled ones, each with attributes `0`, `1`... and as many events, of which each has a long text."""
    spans = InMemorySpanExporter()
    telemetry = Telemetry("gateway", "1", exporter=lambda: spans)
    for one in traceparents:
        if (span := telemetry.start_span("x", one)) is not None:
            span.end({str(n): "v" for n in range(attributes)}, [(str(n), {"text": "long"}) for n in range(events)])
    telemetry.shutdown()
    return spans.get_finished_spans()


@pytest.mark.usefixtures("exporting")
def test_a_span_is_what_the_sdk_would_make() -> None:
    theirs, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    parent = parent_of(SAMPLED.decode())
    assert parent is not None
    context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    span = provider.get_tracer("routeiq").start_span("x", context, trace.SpanKind.SERVER)
    span.set_attributes({"0": "v", "1": "v"})
    span.add_event("0", {"text": "long"})
    span.end()
    (made,), (sdk,) = exported(SAMPLED, events=1), theirs.get_finished_spans()
    for name in ("name", "kind", "parent", "attributes", "links", "instrumentation_scope"):
        assert getattr(made, name) == getattr(sdk, name), name
    assert made.context.trace_id == sdk.context.trace_id
    assert made.context[2:] == sdk.context[2:]
    assert made.status.status_code is sdk.status.status_code
    assert [(one.name, dict(one.attributes or {})) for one in made.events] == [("0", {"text": "long"})]
    assert made.start_time <= made.events[0].timestamp <= made.end_time
    assert made.resource.attributes["service.name"] == "routeiq-gateway"


@pytest.mark.usefixtures("exporting")
def test_a_span_continues_the_callers_trace() -> None:
    one, other, root = exported(SAMPLED, b"nonsense", None)
    assert f"{one.context.trace_id:032x}" == TRACE
    assert one.parent is not None
    assert f"{one.parent.span_id:016x}" == SPAN
    assert len({one.context.trace_id, other.context.trace_id, root.context.trace_id}) == 3
    assert other.parent is root.parent is None


@pytest.mark.usefixtures("exporting")
def test_a_ratio_is_kept_and_a_parent_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.0")
    (span,) = exported(None, SAMPLED, PASSED_OVER)
    assert span.parent == parent_of(SAMPLED.decode())


@pytest.mark.usefixtures("exporting")
@pytest.mark.parametrize(
    ("sampler", "spans"), [("", 2), ("always_on", 3), ("always_off", 0), ("parentbased_always_off", 1)]
)
def test_other_samplers_are_the_sdks(monkeypatch: pytest.MonkeyPatch, sampler: str, spans: int) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler or "parentbased_always_on")
    assert len(exported(None, SAMPLED, PASSED_OVER)) == spans


@pytest.mark.usefixtures("exporting")
def test_the_sdk_can_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert exported(None, SAMPLED) == ()


@pytest.mark.usefixtures("exporting")
def test_limits_are_kept_and_what_they_drop_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "2")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2")
    (span,) = exported(None, attributes=5, events=3)
    assert (list(span.attributes or {}), span.dropped_attributes) == (["2", "3", "4"], 2)
    assert ([one.name for one in span.events], span.dropped_events) == (["1", "2"], 1)
    assert (span.events[0].attributes or {})["text"] == "lo"


def test_samplings() -> None:
    assert Sampling.of("always_on", "") is None
    assert Sampling.of("traceidratio", "0.25") == Sampling(0.25, follows_parent=False)
    assert Sampling.of("parentbased_traceidratio", "many") == Sampling(1.0, follows_parent=True)
    parent = parent_of(PASSED_OVER.decode())
    assert Sampling(1.0, follows_parent=False).samples(parent)
    assert not Sampling(1.0, follows_parent=True).samples(parent)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
    ],
)
def test_a_malformed_header_is_no_parent(header: str) -> None:
    assert parent_of(header) is None
