"""What is said of a request: headers, span, metrics. No prompt in any of them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.config.state import Deployment, DeploymentId
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Call, Context, Purpose
from routeiq.gateway.pipeline.describe import Shown, trail
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.trace import ATTEMPT_EVENT, DECISION_EVENT, describe_plan, finish_span
from routeiq.gateway.pipeline.walk import Fallback
from routeiq.gateway.plan import Attempt, Decision, Outcome, Plan, Usage
from routeiq.kit import log
from routeiq.kit.principal import Principal, Role
from routeiq.kit.telemetry import Telemetry, TelemetrySettings
from tests.support.twins import deployment, state

SECRET = "the prompt of a customer"
LARGE, SMALL = deployment("large"), deployment("small")
FINE = (Attempt(LARGE.id, "large", 200, "", 0.5),)
FAILED = (Attempt(LARGE.id, "large", 429, "rate_limit_exceeded", 0.1), Attempt(SMALL.id, "small", 200, "", 0.5, 1))


def context(purpose: Purpose | None = None) -> Context:
    body = {"messages": msgspec.Raw(json.dumps([{"role": "user", "content": SECRET}]).encode())}
    caller, call = Caller(Principal("k" * 64, Role.USER)), Call(Endpoint.CHAT, body, "auto", False)
    return Context("r1", caller, state(LARGE), call, {}, 0.0, purpose)


def plan(endpoint: Endpoint = Endpoint.CHAT, **fields: object) -> Plan:
    decision = Decision("d1", "large", "ensemble", "highest_utility", **fields)  # type: ignore[arg-type]  # test data
    return Plan("r1", endpoint, context().call.body, False, (), (LARGE,), decision, 1e9, 0, "c1.s0")


def said(one: Deployment, planned: Plan, attempts: Sequence[Attempt], fallback: str = "") -> list[tuple[bytes, bytes]]:
    own, repeated = Shown(one).headers(planned, attempts, fallback)
    return [*own, *repeated]


def headers(planned: Plan) -> dict[str, str]:
    return {k.decode(): v.decode("latin-1") for k, v in said(LARGE, planned, FINE)}


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
    assert dict(said(odd, plan(), FINE))[b"x-routeiq-model"] == "modèle-?".encode("latin-1")


def exported(outcome: Outcome, fallback: str = "deadline", purpose: Purpose | None = None) -> ReadableSpan:
    spans = InMemorySpanExporter()
    settings = TelemetrySettings(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    telemetry = Telemetry("gateway", "1", settings, lambda: spans)
    span = telemetry.start_span("gateway chat")
    assert span is not None
    finish_span(span, context(purpose), plan(fallback=fallback), outcome)
    telemetry.shutdown()
    return spans.get_finished_spans()[0]


def test_a_span_of_the_gateway_api_names_the_task_and_not_the_customer() -> None:
    span = exported(Outcome(200, LARGE, FINE, Usage(3, 5), 10), purpose=Purpose("customer-7", "docs", "summary"))
    assert span.attributes is not None
    assert (span.attributes["routeiq.task_type"], span.attributes["routeiq.service_name"]) == ("summary", "docs")
    assert "customer-7" not in span.to_json()


def payload(span: ReadableSpan) -> dict[str, Any]:
    (event,) = [event for event in span.events if event.name == DECISION_EVENT]
    found: dict[str, Any] = json.loads(str((event.attributes or {})["routeiq.router_decision.payload"]))
    return found


def test_a_span_names_the_decision_and_no_prompt() -> None:
    span = exported(Outcome(200, LARGE, FINE, Usage(3, 5), 10))
    assert span.attributes is not None
    assert span.attributes["router.model_selected"] == span.attributes["router.selected_model"] == "large"
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    assert payload(span)["fallback"] == {
        "fallback_triggered": True, "original_model": "large", "fallback_reason": "deadline", "fallback_attempt": None,
    }  # fmt: skip
    assert payload(span)["outcome"]["status"] == "success"
    assert SECRET not in span.to_json()


def test_a_span_has_an_event_for_each_call_and_names_the_fallback() -> None:
    span = exported(Outcome(200, SMALL, FAILED, Usage(3, 5), 10, "", Fallback.UPSTREAM_FAILED), "")
    calls = [event.attributes or {} for event in span.events if event.name == ATTEMPT_EVENT]
    assert [(call["routeiq.candidate"], call["routeiq.reason"]) for call in calls] == [
        ("large", "rate_limit_exceeded"),
        ("small", ""),
    ]
    assert payload(span)["fallback"] == {
        "fallback_triggered": True, "original_model": "large", "fallback_reason": "upstream_failed",
        "fallback_attempt": 2,
    }  # fmt: skip
    assert (span.attributes or {})["router.fallback_triggered"] is True


def test_a_span_without_a_fallback_says_so() -> None:
    assert payload(exported(Outcome(200, LARGE, FINE, None, 10), ""))["fallback"] == {
        "fallback_triggered": False, "original_model": None, "fallback_reason": None, "fallback_attempt": None,
    }  # fmt: skip


def test_headers_count_retries_and_fallbacks() -> None:
    sent = {k.decode(): v.decode() for k, v in said(SMALL, plan(), FAILED, Fallback.UPSTREAM_FAILED)}
    assert sent["x-routeiq-attempts"] == "large=429,small=200"
    assert (sent["x-litellm-attempted-retries"], sent["x-litellm-attempted-fallbacks"]) == ("0", "1")
    assert sent["x-routeiq-fallback"] == "upstream_failed"


def test_deployments_of_one_candidate_are_told_apart() -> None:
    calls = [Attempt(DeploymentId(name), "m", status, "", 0.1) for name, status in (("eu", 429), ("f" * 64, 200))]
    assert trail(calls) == f"m#eu=429,m#{'f' * 12}=200"


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=80), st.integers(200, 599)), min_size=1, max_size=60))
def test_the_trail_is_short_printable_and_starts_at_the_beginning(calls: list[tuple[str, str, int]]) -> None:
    text = trail([Attempt(DeploymentId(one), name, status, "", 0.1) for name, one, status in calls])
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert len(text) <= 490
    shown = text.split(",")
    left_out = 0 if "=" in shown[-1] else int(shown.pop()[1:])
    assert len(shown) + left_out == len(calls)
    assert all(part.endswith(f"={call[2]}") for part, call in zip(shown, calls, strict=False))


def test_a_failed_request_is_a_failed_span() -> None:
    assert not exported(Outcome(502, None, (), None, 0, "upstream_failed")).status.is_ok


async def test_the_meter_counts_by_model_and_tokens() -> None:
    registry = CollectorRegistry()
    meter = Meter(registry, Gate())
    meter.done(context(), plan(), Outcome(200, LARGE, FINE, Usage(3, 5), 10))
    meter.refused("other", 401)
    text = generate_latest(registry).decode()
    assert 'gateway_request_total{endpoint="chat/completions",status="200"} 1.0' in text
    assert 'gen_ai_client_token_usage_total{model="large",type="output"} 5.0' in text
    assert 'strategy="ensemble"' in text


async def test_a_request_is_one_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    log.configure(service="gateway")
    monkeypatch.setattr("sys.stderr", stream)
    meter = Meter(CollectorRegistry(), Gate())
    meter.done(context(), plan(), Outcome(200, LARGE, FINE, Usage(3, 5), 10))
    meter.done(context(), plan(), Outcome(499, LARGE, FINE, None, 0, 'left "so"'))
    meter.flush()
    first, second = (json.loads(one) for one in stream.getvalue().splitlines())
    took, at = first.pop("ms"), first.pop("timestamp")
    assert (took >= 0, datetime.fromisoformat(at).tzinfo) == (True, UTC)
    assert first == {
        "event": "request.done", "service": "gateway", "level": "info", "endpoint": "chat/completions", "status": 200,
        "model": "large", "strategy": "ensemble", "fallback": "", "attempts": 1,
        "stream": False, "error": "", "request_id": "r1", "bytes": 10,
        "key_id": "k" * 12,
    }  # fmt: skip
    assert (second["status"], second["error"]) == (499, 'left "so"')


def test_a_long_trail_keeps_its_beginning_and_counts_the_rest() -> None:
    text = trail([Attempt(DeploymentId("d"), f"a-model-with-a-long-name-{n}", 503, "", 0.1) for n in range(40)])
    assert text.startswith("a-model-with-a-long-name-0=503,a-model-with-a-long-name-1=503,")
    assert text.endswith(f",+{40 - text.count('=')}")
    assert len(text) <= 490


@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [
        (Endpoint.CHAT, "chat"),
        (Endpoint.COMPLETIONS, "text_completion"),
        (Endpoint.EMBEDDINGS, "embeddings"),
        (Endpoint.RESPONSES, "chat"),
        (Endpoint.MESSAGES, "chat"),
    ],
)
def test_a_span_names_the_operation_of_its_endpoint(endpoint: Endpoint, operation: str) -> None:
    said = describe_plan(context(), plan(endpoint))
    assert said["gen_ai.operation.name"] == operation
