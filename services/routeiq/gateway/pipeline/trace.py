"""One hand-built span per request, with the names that dashboards depend on (contract 3.4). No prompt in it."""

from __future__ import annotations

import msgspec
from opentelemetry.trace import Span, Status, StatusCode

from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Attempt, Decision, Endpoint, Outcome, Plan

DECISION_EVENT = "routeiq.router_decision.v1"
_OPERATIONS = {Endpoint.COMPLETIONS: "text_completion", Endpoint.EMBEDDINGS: "embeddings"}
"""By OpenTelemetry's GenAI conventions; the other endpoints are all chat."""
ATTEMPT_EVENT = "routeiq.attempt"
_encode = msgspec.json.Encoder().encode


def describe_plan(span: Span, context: Context, plan: Plan) -> None:
    """Attributes, once the choice is made."""
    if not span.is_recording():
        return
    decision = plan.decision
    span.set_attributes(
        {
            "gen_ai.operation.name": _OPERATIONS.get(plan.endpoint, "chat"),
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


def _payload(context: Context, plan: Plan, outcome: Outcome) -> str:
    decision = plan.decision
    usage = outcome.usage
    return _encode(
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
            "outcome": {
                "status": "success" if outcome.status < 400 and not outcome.error else "failure",
                "error_type": outcome.error or None,
                "input_tokens": usage.input_tokens if usage else None,
                "output_tokens": usage.output_tokens if usage else None,
            },
            "fallback": _fallback(decision, outcome),
        }
    ).decode()


def _fallback(decision: Decision, outcome: Outcome) -> dict[str, object]:
    """`fallback_attempt` counts from 1: the first call that was not for what had been chosen."""
    reason = decision.fallback or outcome.fallback
    numbers = (n for n, one in enumerate(outcome.attempts, 1) if one.group or one.candidate != decision.model)
    return {
        "fallback_triggered": bool(reason),
        "original_model": decision.model if reason else None,
        "fallback_reason": reason or None,
        "fallback_attempt": next(numbers, None) if reason else None,
    }


def finish_span(span: Span, context: Context, plan: Plan, outcome: Outcome) -> None:
    """An event for each call, the decision event, status, tokens, and the end of the span."""
    if span.is_recording():
        for attempt in outcome.attempts:
            span.add_event(ATTEMPT_EVENT, _attempt(attempt))
        span.add_event(DECISION_EVENT, {"routeiq.router_decision.payload": _payload(context, plan, outcome)})
        span.set_attributes(_ended(outcome))
        if outcome.status >= 500 or outcome.error:
            span.set_status(Status(StatusCode.ERROR, outcome.error))
    span.end()


def _ended(outcome: Outcome) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {"http.response.status_code": outcome.status}
    if outcome.fallback:
        found |= {"router.fallback_triggered": True, "gen_ai.routeiq.fallback_used": True}
        found["router.decision_outcome"] = "fallback"
    if outcome.deployment is not None:
        found["gen_ai.response.model"] = outcome.deployment.model
        found["gen_ai.provider.name"] = outcome.deployment.provider
    if outcome.usage is not None:
        found["gen_ai.usage.input_tokens"] = outcome.usage.input_tokens
        found["gen_ai.usage.output_tokens"] = outcome.usage.output_tokens
    return found


def _attempt(attempt: Attempt) -> dict[str, str | int | float]:
    return {
        "routeiq.deployment": attempt.deployment,
        "routeiq.candidate": attempt.candidate,
        "http.response.status_code": attempt.status,
        "routeiq.reason": attempt.reason,
        "routeiq.seconds": round(attempt.seconds, 6),
        "routeiq.fallback_group": attempt.group,
    }
