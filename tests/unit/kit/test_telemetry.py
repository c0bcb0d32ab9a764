"""Traces: off unless somebody listens."""

from __future__ import annotations

import pytest
from opentelemetry.trace import NoOpTracer

from routeiq.kit.telemetry import Telemetry, TelemetrySettings


def test_nothing_is_exported_without_an_endpoint() -> None:
    assert not TelemetrySettings().exports
    telemetry = Telemetry("gateway", "1")
    assert isinstance(telemetry.tracer, NoOpTracer)
    telemetry.shutdown()


@pytest.mark.parametrize(("enabled", "exports"), [("true", True), ("false", False), ("1", True), ("0", False)])
def test_otel_enabled_switches(monkeypatch: pytest.MonkeyPatch, enabled: str, exports: bool) -> None:
    monkeypatch.setenv("OTEL_ENABLED", enabled)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    assert TelemetrySettings().exports is exports
