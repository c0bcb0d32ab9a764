"""Traces: off unless somebody listens, and then no more of them than asked for."""

from __future__ import annotations

import pytest

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


@pytest.mark.usefixtures("exporting")
def test_a_span_continues_the_callers_trace() -> None:
    telemetry = Telemetry("gateway", "1")
    span = telemetry.start_span("x", SAMPLED)
    assert span.is_recording()
    assert f"{span.get_span_context().trace_id:032x}" == TRACE
    assert telemetry.start_span("x", b"nonsense").get_span_context().trace_id != span.get_span_context().trace_id


@pytest.mark.usefixtures("exporting")
def test_a_ratio_is_kept_and_a_parent_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.0")
    telemetry = Telemetry("gateway", "1")
    assert telemetry.start_span("x") is None
    assert telemetry.start_span("x", SAMPLED).is_recording()
    assert telemetry.start_span("x", PASSED_OVER) is None


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
