"""Traces over OTLP. Off unless OTEL_ENABLED is true (the default) and an OTLP endpoint is set.

The standard OTEL_* names are read by the SDK itself: endpoint, headers, sampler, resource attributes.
"""

from __future__ import annotations

from typing import Annotated

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """The names that decide whether anything is exported (contract 2.3)."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    enabled: Annotated[bool, Field(validation_alias="OTEL_ENABLED")] = True
    endpoint: Annotated[str, Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")] = ""
    traces_endpoint: Annotated[str, Field(validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")] = ""
    service_name: Annotated[str, Field(validation_alias="OTEL_SERVICE_NAME")] = ""

    @property
    def exports(self) -> bool:
        return self.enabled and bool(self.endpoint or self.traces_endpoint)


class Telemetry:
    """A tracer for one service. Call `shutdown` once, when the service stops: it flushes."""

    def __init__(self, service: str, version: str, settings: TelemetrySettings | None = None) -> None:
        self._provider = _provider(service, version, settings or TelemetrySettings())

    @property
    def tracer(self) -> trace.Tracer:
        provider = self._provider or trace.NoOpTracerProvider()
        return provider.get_tracer("routeiq")

    def shutdown(self) -> None:
        if self._provider is not None:
            self._provider.shutdown()


def _provider(service: str, version: str, settings: TelemetrySettings) -> TracerProvider | None:
    if not settings.exports:
        return None
    name = settings.service_name or f"routeiq-{service}"
    resource = Resource.create({SERVICE_NAME: name, SERVICE_NAMESPACE: "routeiq", SERVICE_VERSION: version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
