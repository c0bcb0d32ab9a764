"""One hand-built span per request, with the names that dashboards depend on (contract 3.4). No prompt in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from opentelemetry.trace import Status, StatusCode

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Attempt, Decision, Outcome, Plan

if TYPE_CHECKING:
    from routeiq.kit.spans import Attributes, OpenSpan

DECISION_EVENT = "routeiq.router_decision.v1"
_OPERATIONS = {Endpoint.COMPLETIONS: "text_completion", Endpoint.EMBEDDINGS: "embeddings"}
"""By OpenTelemetry's GenAI conventions; the other endpoints are all chat."""
ATTEMPT_EVENT = "routeiq.attempt"
_UNSET = Status()
_encode = msgspec.json.Encoder().encode


def finish_span(span: OpenSpan, context: Context, plan: Plan, outcome: Outcome) -> None:
    """Attributes, an event for each call, the decision event, status, tokens, and the end of the span."""
    said = describe_plan(context, plan)
    _describe_outcome(said, outcome)
    events = [(ATTEMPT_EVENT, _attempt(one)) for one in outcome.attempts]
    events.append((DECISION_EVENT, {"routeiq.router_decision.payload": _payload(context, plan, outcome)}))
    failed = outcome.status >= 500 or outcome.error
    if context.purpose is not None:
        said["routeiq.task_type"] = context.purpose.task_type
        said["routeiq.service_name"] = context.purpose.service
    span.end(said, events, Status(StatusCode.ERROR, outcome.error) if failed else _UNSET)


def describe_plan(context: Context, plan: Plan) -> Attributes:
    """What was chosen, and why."""
    decision = plan.decision
    fallback = bool(decision.fallback)
    return {
        "gen_ai.operation.name": _OPERATIONS.get(plan.endpoint, "chat"),
        "gen_ai.request.model": context.call.model,
        "gen_ai.routeiq.strategy": decision.strategy,
        "gen_ai.routeiq.fallback_used": fallback,
        "router.strategy": decision.strategy,
        "router.model_selected": decision.model,
        "router.selected_model": decision.model,
        "router.candidates_evaluated": len(plan.deployments),
        "router.decision_outcome": "fallback" if fallback else "success",
        "router.decision_reason": decision.reason,
        "router.fallback_triggered": fallback,
        "routeiq.request_id": plan.request_id,
        "routeiq.state_version": plan.state_version,
        "routeiq.artifact_id": decision.artifact_id,
        "routeiq.decision_cached": decision.cached,
    }


def _describe_outcome(said: Attributes, outcome: Outcome) -> None:
    said["http.response.status_code"] = outcome.status
    if outcome.fallback:
        said["router.fallback_triggered"] = said["gen_ai.routeiq.fallback_used"] = True
        said["router.decision_outcome"] = "fallback"
    if outcome.deployment is not None:
        said["gen_ai.response.model"] = outcome.deployment.model
        said["gen_ai.provider.name"] = outcome.deployment.provider
    if outcome.usage is not None:
        said["gen_ai.usage.input_tokens"] = outcome.usage.input_tokens
        said["gen_ai.usage.output_tokens"] = outcome.usage.output_tokens


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


def _attempt(attempt: Attempt) -> Attributes:
    return {
        "routeiq.deployment": attempt.deployment,
        "routeiq.candidate": attempt.candidate,
        "http.response.status_code": attempt.status,
        "routeiq.reason": attempt.reason,
        "routeiq.seconds": round(attempt.seconds, 6),
        "routeiq.fallback_group": attempt.group,
    }
