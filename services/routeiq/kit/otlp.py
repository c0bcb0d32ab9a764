"""Spans as OTLP's protobuf, written by hand: a fifth of what the SDK's encoder takes.

It runs in the exporter's thread, where it keeps the interpreter's lock from the requests.
Most attributes of a request's span are those of the request before, so encoded ones are kept. What is not encoded
here (links, spans of several resources, values that protobuf refuses) is left to the SDK's encoder, which logs it.
Source: opentelemetry/proto/trace/v1/trace.proto and common.proto, whose field numbers stand below as tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import pack

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.util.types import AnyValue

_LONGEST_KEPT = 64
_INT64 = 1 << 63
_REMOTE_IS_KNOWN, _IS_REMOTE = 0x100, 0x200


class OTLPExporter(OTLPSpanExporter):
    """The SDK's, but for how spans become a message. Should a later SDK not ask this, its own encoder is used."""

    def _translate_data(self, data: Sequence[ReadableSpan]) -> ExportTraceServiceRequest:
        try:
            return ExportTraceServiceRequest.FromString(encode(data))
        except ValueError:
            return encode_spans(data)


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """An ExportTraceServiceRequest. Raises ValueError for what the SDK's encoder has to do."""
    resource, scope = spans[0].resource, spans[0].instrumentation_scope
    if scope is None or any(one.resource is not resource or one.instrumentation_scope is not scope for one in spans):
        raise ValueError("several resources or scopes, or none")
    named = _text(b"\x0a", scope.name) + _text(b"\x12", scope.version) + _attributes(b"\x1a", scope.attributes)
    encoded = b"".join([_field(b"\x12", _span(one)) for one in spans])
    scoped = _field(b"\x0a", named) + encoded + _text(b"\x1a", scope.schema_url)
    described = _field(b"\x0a", _attributes(b"\x0a", resource.attributes))
    return _field(b"\x0a", described + _field(b"\x12", scoped) + _text(b"\x1a", resource.schema_url))


def _span(span: ReadableSpan) -> bytes:
    context, parent, state = span.get_span_context(), span.parent, ""
    if context is None or span.links:
        raise ValueError("links, or no context")
    if context.trace_state:
        state = ",".join([f"{key}={value}" for key, value in context.trace_state.items()])
    remote = parent is not None and parent.is_remote
    return b"".join((
        b"\x0a\x10", context.trace_id.to_bytes(16, "big"), b"\x12\x08", context.span_id.to_bytes(8, "big"),
        _text(b"\x1a", state),
        b"" if parent is None else b"\x22\x08" + parent.span_id.to_bytes(8, "big"),
        _name(b"\x2a", span.name),
        b"\x30", _varint(span.kind.value + 1),
        pack("<BQBQ", 0x39, span.start_time or 0, 0x41, span.end_time or 0),
        _attributes(b"\x4a", span.attributes), _count(b"\x50", span.dropped_attributes),
        b"".join([_field(b"\x5a", _event(one)) for one in span.events]), _count(b"\x60", span.dropped_events),
        _count(b"\x70", span.dropped_links),
        _status(b"\x7a", span.status.status_code.value, span.status.description),
        b"\x85\x01", pack("<I", _REMOTE_IS_KNOWN | _IS_REMOTE if remote else _REMOTE_IS_KNOWN),
    ))  # fmt: skip


def _event(event: Event) -> bytes:
    head = pack("<BQ", 0x09, event.timestamp) + _name(b"\x12", event.name)
    return head + _attributes(b"\x1a", event.attributes) + _count(b"\x20", event.dropped_attributes)


@lru_cache(128)
def _status(tag: bytes, code: int, description: str | None) -> bytes:
    return _field(tag, _text(b"\x12", description) + _count(b"\x18", code))


def _attributes(tag: bytes, attributes: Mapping[str, AnyValue] | None) -> bytes:
    if not attributes:
        return b""
    found = []
    for key, value in attributes.items():
        encode_one = _KEPT.get(value.__class__, _attribute)
        if encode_one is _string and len(value) > _LONGEST_KEPT:  # type: ignore[arg-type]  # a str, by its class
            encode_one = _attribute
        found.append(encode_one(key, value))
    return tag + tag.join(found)


def _attribute(key: str, value: AnyValue) -> bytes:
    """Without its tag, which is another one on a span than on an event."""
    return _field(b"", _text(b"\x0a", key) + _field(b"\x12", _value(value)))


_string = lru_cache(1024)(_attribute)
"""Two in each request are new and push others out: hence not smaller."""
_KEPT = {str: _string, int: lru_cache(512)(_attribute), bool: lru_cache(128)(_attribute)}
"""One each, because True is equal to 1."""


def _value(value: AnyValue) -> bytes:
    match value:
        case None:
            return b""
        case bool():
            return b"\x10\x01" if value else b"\x10\x00"
        case str():
            return _field(b"\x0a", value.encode())
        case int() if -_INT64 <= value < _INT64:
            return b"\x18" + _varint(value % (2 * _INT64))
        case float():
            return pack("<Bd", 0x21, value)
        case bytes():
            return _field(b"\x3a", value)
        case Sequence():
            return _field(b"\x2a", b"".join([_field(b"\x0a", _value(one)) for one in value]))
        case Mapping():
            return _field(b"\x32", _attributes(b"\x0a", {str(key): one for key, one in value.items()}))
    raise ValueError("no value of OpenTelemetry's")


def _text(tag: bytes, text: str | None) -> bytes:
    return _field(tag, text.encode()) if text else b""


_name = lru_cache(128)(_text)


def _count(tag: bytes, count: int) -> bytes:
    return tag + _varint(count) if count else b""


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


@lru_cache(2048)
def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
