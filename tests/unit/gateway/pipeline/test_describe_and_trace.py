"""What is said of a request: headers, span, metrics. No prompt in any of them."""

from __future__ import annotations

import json

import msgspec
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.describe import decision_headers
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.trace import DECISION_EVENT, describe_plan, finish_span, start_span
from routeiq.gateway.plan import Decision, Endpoint, Outcome, Plan, Usage
from routeiq.kit.principal import Principal, Role
from tests.support.twins import deployment, state

SECRET = "the prompt of a customer"
LARGE = deployment("large")


def context() -> Context:
    body = {"messages": msgspec.Raw(json.dumps([{"role": "user", "content": SECRET}]).encode())}
    return Context(
        "r1", Principal("k" * 64, Role.USER), state(LARGE), Call(Endpoint.CHAT, body, "auto", False), (), 0.0
    )


def plan(**fields: object) -> Plan:
    decision = Decision("d1", "large", "ensemble", "highest_utility", **fields)  # type: ignore[arg-type]  # test data
    return Plan("r1", Endpoint.CHAT, context().call.body, False, (), (LARGE,), decision, 1e9, 0, "c1.s0")


def headers(planned: Plan) -> dict[str, str]:
    return {k.decode(): v.decode("latin-1") for k, v in decision_headers(planned, LARGE, 1)}


def test_optional_headers_appear_only_when_they_say_something() -> None:
    plain = headers(plan())
    assert not {"x-routeiq-confidence", "x-routeiq-artifact", "x-routeiq-prior", "x-routeiq-fallback"} & set(plain)
    full = headers(plan(confidence=0.5, artifact_id="a1", prior=True, fallback="deadline"))
    assert (full["x-routeiq-confidence"], full["x-routeiq-prior"], full["x-routeiq-fallback"]) == (
        "0.5000",
        "true",
        "deadline",
    )


def test_names_that_no_header_carries_do_not_break_it() -> None:
    odd = deployment("modèle-Ω")
    assert dict(decision_headers(plan(), odd, 1))[b"x-routeiq-model"] == "modèle-?".encode("latin-1")


def exported(outcome: Outcome) -> ReadableSpan:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = start_span(provider.get_tracer("t"), "chat")
    describe_plan(span, context(), plan(fallback="deadline"))
    finish_span(span, outcome)
    provider.shutdown()
    return exporter.get_finished_spans()[0]


def test_a_span_names_the_decision_and_no_prompt() -> None:
    span = exported(Outcome(200, LARGE, 1, Usage(3, 5), 10))
    assert span.attributes is not None
    assert span.attributes["router.model_selected"] == span.attributes["router.selected_model"] == "large"
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    payload = json.loads(str((span.events[0].attributes or {})["routeiq.router_decision.payload"]))
    assert span.events[0].name == DECISION_EVENT
    assert payload["fallback"] == {"fallback_triggered": True, "fallback_reason": "deadline"}
    assert SECRET not in span.to_json()


def test_a_failed_request_is_a_failed_span() -> None:
    assert not exported(Outcome(502, None, 1, None, 0, "upstream_failed")).status.is_ok


def test_the_meter_counts_by_model_and_tokens() -> None:
    registry = CollectorRegistry()
    meter = Meter(registry, Gate())
    meter.selected(0.01)
    meter.done(context(), plan(), Outcome(200, LARGE, 1, Usage(3, 5), 10))
    meter.refused("other", 401)
    text = generate_latest(registry).decode()
    assert 'gateway_request_total{endpoint="chat/completions",status="200"} 1.0' in text
    assert 'gen_ai_client_token_usage_total{model="large",type="output"} 5.0' in text
    assert 'strategy="ensemble"' in text
