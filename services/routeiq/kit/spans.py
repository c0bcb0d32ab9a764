"""Spans that are made once, when they end: the SDK's own take a lock, a check and a copy for every attribute.

The SDK's provider still says what a span is of, who samples it and what its limits are, and its processor exports it.
To be imported only where spans are exported: the SDK and its exporter take 4 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time_ns

import msgspec
from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import AnyValue

Attributes = dict[str, AnyValue]
_KIND = trace.SpanKind.SERVER
_RANDOM = 0x02
"""Of trace flags. Source: W3C Trace Context level 2, 3.2.2.5."""
_UNSET = trace.Status()


class Spans:
    """The spans of one instrumentation scope, of one provider."""

    def __init__(self, scope: str, provider: TracerProvider, processor: SpanProcessor) -> None:
        provider.add_span_processor(processor)
        self._provider, self._processor = provider, processor
        self._scope = InstrumentationScope(scope, "")
        self._limits = SpanLimits()

    def sampled(self, name: str, parent: trace.SpanContext | None) -> OpenSpan | None:
        """Begun, if the provider's sampler will have it."""
        context = trace.set_span_in_context(trace.NonRecordingSpan(parent)) if parent is not None else None
        trace_id = self._trace_id(parent)
        result = self._provider.sampler.should_sample(context, trace_id, name, _KIND, None, ())
        if result.decision is not Decision.RECORD_AND_SAMPLE:
            return None
        return self._open(name, parent, trace_id, result.trace_state, dict(result.attributes or {}))

    def open(self, name: str, parent: trace.SpanContext | None) -> OpenSpan:
        """Begun, whatever the provider's sampler thinks."""
        state = parent.trace_state if parent is not None else None
        return self._open(name, parent, self._trace_id(parent), state, {})

    def export(self, span: OpenSpan, events: Sequence[tuple[str, Attributes]], status: trace.Status) -> None:
        """Ended. As the SDK, it keeps the newest of what is over the limits."""
        limits, now = self._limits, time_ns()
        most, longest = limits.max_event_attributes, limits.max_attribute_length
        happened: Sequence[Event] = [Event(name, _within(said, most, longest), now) for name, said in events]
        if limits.max_events is not None and len(happened) > limits.max_events:
            happened = BoundedList.from_seq(limits.max_events, happened)
        self._processor.on_end(
            ReadableSpan(
                span.name,
                span.context,
                span.parent,
                self._provider.resource,
                _within(span.attributes, limits.max_span_attributes, limits.max_span_attribute_length),
                happened,
                kind=_KIND,
                status=status,
                start_time=span.started_ns,
                end_time=now,
                instrumentation_scope=self._scope,
            )
        )

    def shutdown(self) -> None:
        self._provider.shutdown()

    def _trace_id(self, parent: trace.SpanContext | None) -> int:
        return parent.trace_id if parent is not None else self._provider.id_generator.generate_trace_id()

    def _open(
        self,
        name: str,
        parent: trace.SpanContext | None,
        trace_id: int,
        state: trace.TraceState | None,
        attributes: Attributes,
    ) -> OpenSpan:
        random = _RANDOM if parent is None else parent.trace_flags & _RANDOM
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED | random)
        context = trace.SpanContext(trace_id, self._provider.id_generator.generate_span_id(), False, flags, state)
        return OpenSpan(self, name, context, parent, time_ns(), attributes)


class OpenSpan(msgspec.Struct, gc=False):
    """What is known of a span from its start on. One that never ends is never exported."""

    spans: Spans
    name: str
    context: trace.SpanContext
    parent: trace.SpanContext | None
    started_ns: int
    """Since 1970."""
    attributes: Attributes
    """The sampler's."""

    def end(
        self, attributes: Attributes, events: Sequence[tuple[str, Attributes]] = (), status: trace.Status = _UNSET
    ) -> None:
        """Once, and the dictionaries are then the span's. Events are dated now, in their order."""
        self.attributes = {**self.attributes, **attributes} if self.attributes else attributes
        self.spans.export(self, events, status)


def _within(attributes: Attributes, most: int | None, longest: int | None) -> Mapping[str, AnyValue]:
    if longest is None and (most is None or len(attributes) <= most):
        return attributes
    return BoundedAttributes(most, attributes, max_value_len=longest)
