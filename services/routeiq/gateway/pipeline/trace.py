"""One hand-built span per request, with the names that dashboards depend on (contract 3.4). No prompt in it."""

from __future__ import annotations

import json

from opentelemetry.trace import Span, Status, StatusCode, Tracer

from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Outcome, Plan

DECISION_EVENT = "routeiq.router_decision.v1"


def start_span(tracer: Tracer, endpoint: str) -> Span:
    return tracer.start_span(f"gateway {endpoint}")


def describe_plan(span: Span, context: Context, plan: Plan) -> None:
    """Attributes and the decision event, once the choice is made."""
    if not span.is_recording():
        return
    decision = plan.decision
    span.set_attributes(
        {
            "gen_ai.operation.name": "chat" if plan.endpoint.value.startswith("chat") else "embeddings",
            "gen_ai.request.model": context.call.model,
            "gen_ai.routeiq.strategy": decision.strategy,
            "gen_ai.routeiq.fallback_used": bool(decision.fallback),
            "router.strategy": decision.strategy,
            "router.model_selected": decision.model,
            "router.selected_model": decision.model,
            "router.candidates_evaluated": len(plan.deployments),
            "router.decision_outcome": "fallback" if decision.fallback else "success",
            "router.decision_reason": decision.reason,
            "router.fallback_triggered": bool(decision.fallback),
            "routeiq.request_id": plan.request_id,
            "routeiq.state_version": plan.state_version,
            "routeiq.artifact_id": decision.artifact_id,
            "routeiq.decision_cached": decision.cached,
        }
    )
    span.add_event(DECISION_EVENT, {"routeiq.router_decision.payload": _payload(context, plan)})


def _payload(context: Context, plan: Plan) -> str:
    decision = plan.decision
    return json.dumps(
        {
            "contract_version": "v1",
            "contract_name": DECISION_EVENT,
            "event_id": decision.decision_id,
            "input": {"requested_model": context.call.model, "api_type": plan.endpoint.value},
            "strategy_name": decision.strategy,
            "strategy_version": decision.artifact_id,
            "candidate_deployments": [
                {"model_name": d.candidate, "provider": d.provider, "available": True} for d in plan.deployments
            ],
            "selected_deployment": decision.model,
            "selection_reason": decision.reason,
            "fallback": {"fallback_triggered": bool(decision.fallback), "fallback_reason": decision.fallback or None},
        }
    )


def finish_span(span: Span, outcome: Outcome) -> None:
    """Status, tokens, and the end of the span."""
    if span.is_recording():
        span.set_attribute("http.response.status_code", outcome.status)
        if outcome.deployment is not None:
            span.set_attribute("gen_ai.response.model", outcome.deployment.model)
            span.set_attribute("gen_ai.provider.name", outcome.deployment.provider)
        if outcome.usage is not None:
            span.set_attribute("gen_ai.usage.input_tokens", outcome.usage.input_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", outcome.usage.output_tokens)
        if outcome.status >= 500 or outcome.error:
            span.set_status(Status(StatusCode.ERROR, outcome.error))
    span.end()
