"""Traces over OTLP. Off unless OTEL_ENABLED is true (the default) and an OTLP endpoint is set.

The standard OTEL_* names are read by the SDK itself: endpoint, headers, sampler, resource attributes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from opentelemetry import trace
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.lean import stood_in, without

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from routeiq.kit.spans import OpenSpan, Spans

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(-.*)?"
)

_OTHER_SIGNALS = {
    "opentelemetry.proto.collector.logs.v1.logs_service_pb2": "ExportLogsServiceRequest",
    "opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc": "LogsServiceStub",
    "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2": "ExportMetricsServiceRequest",
    "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc": "MetricsServiceStub",
    "opentelemetry.sdk._logs": "ReadableLogRecord",
    "opentelemetry.sdk._logs.export": "LogRecordExportResult",
    "opentelemetry.sdk.metrics.export": "MetricExportResult MetricsData",
}
"""What the exporter of spans imports for the types of its siblings: 1.4 MB."""


class TelemetrySettings(BaseSettings):
    """The names that decide whether anything is exported (contract 2.3)."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    enabled: Annotated[bool, Field(validation_alias="OTEL_ENABLED")] = True
    sdk_disabled: Annotated[str, Field(validation_alias="OTEL_SDK_DISABLED")] = ""
    endpoint: Annotated[str, Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")] = ""
    traces_endpoint: Annotated[str, Field(validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")] = ""
    sampler: Annotated[str, Field(validation_alias="OTEL_TRACES_SAMPLER")] = ""
    sampler_arg: Annotated[str, Field(validation_alias="OTEL_TRACES_SAMPLER_ARG")] = ""
    batch_size: Annotated[int, Field(validation_alias="OTEL_BSP_MAX_EXPORT_BATCH_SIZE", gt=0)] = 128
    """Spans sent together. The SDK's own 512, kept for its 5 s, take 6 MB more."""
    batch_delay_ms: Annotated[float, Field(validation_alias="OTEL_BSP_SCHEDULE_DELAY", gt=0)] = 1000
    service_name: Annotated[str, Field(validation_alias="OTEL_SERVICE_NAME")] = ""

    @property
    def exports(self) -> bool:
        disabled = self.sdk_disabled.strip().lower() == "true"
        return self.enabled and not disabled and bool(self.endpoint or self.traces_endpoint)


class Telemetry:
    """Spans of one service. Call `shutdown` once, when the service stops: it flushes."""

    def __init__(
        self,
        service: str,
        version: str,
        settings: TelemetrySettings | None = None,
        exporter: Callable[[], SpanExporter] | None = None,
    ) -> None:
        """`exporter`: instead of OTLP's; made where spans are exported at all."""
        settings = settings or TelemetrySettings()
        self._sampling = Sampling.of(settings.sampler, settings.sampler_arg)
        self._spans = _spans(service, version, settings, self._sampling, exporter) if settings.exports else None

    @property
    def traces(self) -> bool:
        """Whether any request has a span."""
        return self._spans is not None

    def start_span(self, name: str, traceparent: bytes | None = None) -> OpenSpan | None:
        """The span of a request, under the caller's where it sent one. None: it is not sampled, or nothing is."""
        spans, sampling = self._spans, self._sampling
        if spans is None:
            return None
        parent = parent_of(traceparent.decode("latin-1")) if traceparent else None
        if sampling is None:
            return spans.sampled(name, parent)
        return spans.open(name, parent) if sampling.samples(parent) else None

    def shutdown(self) -> None:
        if self._spans is not None:
            self._spans.shutdown()


def parent_of(traceparent: str) -> trace.SpanContext | None:
    """The caller's span, or None for a header that is malformed. Source: W3C Trace Context, 3.2."""
    match = _TRACEPARENT.fullmatch(traceparent.strip())
    if match is None or match["version"] == "ff":
        return None
    context = trace.SpanContext(
        int(match["trace"], 16),
        int(match["span"], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(match["flags"], 16)),
    )
    return context if context.is_valid else None


@dataclass(frozen=True, slots=True)
class Sampling:
    """The samplers by ratio, decided before a span is made: the SDK decides after most of its work."""

    ratio: float
    follows_parent: bool

    @classmethod
    def of(cls, sampler: str, arg: str) -> Self | None:
        """By OTEL_TRACES_SAMPLER and its argument; None: the SDK's own decide."""
        if sampler not in ("traceidratio", "parentbased_traceidratio"):
            return None
        try:
            ratio = float(arg or 1.0)
        except ValueError:
            ratio = 1.0
        return cls(ratio, sampler.startswith("parentbased"))

    def samples(self, parent: trace.SpanContext | None) -> bool:
        if parent is not None and self.follows_parent:
            return parent.trace_flags.sampled
        return random.random() < self.ratio


def _spans(
    service: str,
    version: str,
    settings: TelemetrySettings,
    sampling: Sampling | None,
    exporter: Callable[[], SpanExporter] | None,
) -> Spans:
    """The SDK and its exporter are imported here: 3 MB, for who exports. psutil, for facts of the process that we do
    not send, would be 1.6 more."""
    with without("psutil"):
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_VERSION, Resource  # noqa: PLC0415  # see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # as above
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415  # as above

    with stood_in(_OTHER_SIGNALS):
        from routeiq.kit.otlp import OTLPExporter  # noqa: PLC0415  # as above
    from routeiq.kit.spans import Spans  # noqa: PLC0415  # as above

    name = settings.service_name or f"routeiq-{service}"
    resource = Resource.create({SERVICE_NAME: name, SERVICE_NAMESPACE: "routeiq", SERVICE_VERSION: version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False, sampler=ALWAYS_ON if sampling else None)
    processor = BatchSpanProcessor(
        (exporter or OTLPExporter)(),
        max_export_batch_size=settings.batch_size,
        schedule_delay_millis=settings.batch_delay_ms,
    )
    return Spans("routeiq", provider, processor)
