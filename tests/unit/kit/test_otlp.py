"""Our protobuf of spans says what the SDK's says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from routeiq.kit.otlp import OTLPExporter, encode

RESOURCE, SCOPE = Resource({"service.name": "gateway"}, "https://schema"), InstrumentationScope("routeiq", "1")
CONTEXT = SpanContext(1, 2, False)

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([0, 1, False, True, 1.0, 0.0, -0.0])
    | st.floats()
    | st.text(max_size=80)
    | st.binary(max_size=80)
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
BOUNDED = st.builds(BoundedAttributes, st.integers(0, 5), st.dictionaries(st.text(min_size=1), VALUES, max_size=6))
KEYS = st.sampled_from(["a", "b"]) | st.text(max_size=300)
ATTRIBUTES = st.none() | st.dictionaries(KEYS, VALUES, max_size=6) | BOUNDED
TIMES = st.integers(0, 2**64 - 1)
STATES = st.builds(TraceState, st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=2))
CONTEXTS = st.builds(
    SpanContext,
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.integers(0, 255).map(TraceFlags),
    STATES,
)
EVENTS = st.lists(st.builds(Event, st.text(max_size=200), ATTRIBUTES, TIMES), max_size=3)
STATUSES = st.builds(Status, st.just(StatusCode.ERROR), st.none() | st.text()) | st.sampled_from(
    [Status(), Status(StatusCode.OK)]
)


def spans(**fields: Any) -> st.SearchStrategy[ReadableSpan]:
    given_fields: dict[str, Any] = {
        "resource": st.just(RESOURCE),
        "attributes": ATTRIBUTES,
        "events": EVENTS | EVENTS.map(lambda some: BoundedList.from_seq(1, some)),
        "kind": st.sampled_from(SpanKind),
        "status": STATUSES,
        "start_time": st.none() | TIMES,
        "end_time": st.none() | TIMES,
        "instrumentation_scope": st.just(SCOPE),
    }
    return st.builds(ReadableSpan, st.text(), CONTEXTS, st.none() | CONTEXTS, **(given_fields | fields))


def span(**fields: Any) -> ReadableSpan:
    return ReadableSpan("x", CONTEXT, **{"resource": RESOURCE, "instrumentation_scope": SCOPE, **fields})


@pytest.fixture(scope="module")
def exporter() -> OTLPExporter:
    """It connects when it exports."""
    return OTLPExporter(endpoint="http://127.0.0.1:9")


def same(ours: ExportTraceServiceRequest, some: Sequence[ReadableSpan]) -> bool:
    """By their bytes: a message with a NaN is not equal to itself."""
    theirs = encode_spans(some)
    return ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


@given(st.lists(spans(), min_size=1, max_size=4))
def test_ours_is_the_sdks(some: list[ReadableSpan]) -> None:
    assert same(ExportTraceServiceRequest.FromString(encode(some)), some)


@given(
    st.builds(InstrumentationScope, st.text(), st.text(), st.none() | st.text(), ATTRIBUTES),
    st.dictionaries(st.text(min_size=1), PLAIN, max_size=3),
    st.text(),
)
def test_so_are_its_resource_and_scope(scope: InstrumentationScope, described: dict[str, Any], schema: str) -> None:
    some = [span(resource=Resource(described, schema), instrumentation_scope=scope)]
    assert same(ExportTraceServiceRequest.FromString(encode(some)), some)


@pytest.mark.parametrize(
    "some",
    [
        [span(), span(resource=Resource({"service.name": "other"})), span()],
        [span(), span(instrumentation_scope=InstrumentationScope("other"))],
        [span(instrumentation_scope=None)],
        [span(links=[Link(CONTEXT, {"a": 1})])],
    ],
    ids=["resources", "scopes", "no scope", "links"],
)
def test_the_rest_is_left_to_the_sdk(exporter: OTLPExporter, some: list[ReadableSpan]) -> None:
    with pytest.raises(ValueError, match=r"several|links"):
        encode(some)
    assert same(exporter._translate_data(some), some)


@pytest.mark.parametrize("value", [2**63, "\ud800", object(), [1, {"a": object()}]])
def test_a_value_that_protobuf_refuses_costs_its_attribute_alone(
    exporter: OTLPExporter, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL, "opentelemetry"):
        (request,) = exporter._translate_data([span(attributes={"bad": value, "good": 1})]).resource_spans
    assert [one.key for one in request.scope_spans[0].spans[0].attributes] == ["good"]
