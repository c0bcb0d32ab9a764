"""The response headers that say what was chosen and why."""

from __future__ import annotations

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Decision, Plan

RawHeaders = list[tuple[bytes, bytes]]


def decision_headers(plan: Plan, served_by: Deployment, attempts: int) -> RawHeaders:
    """`x-routeiq-*` and the `x-litellm-*` that LiteLLM's clients read. `x-routeiq-model` is who really answered."""
    decision = plan.decision
    headers = [
        ("x-routeiq-model", served_by.candidate),
        ("x-routeiq-strategy", decision.strategy),
        ("x-routeiq-reason", decision.reason),
        ("x-routeiq-decision-id", decision.decision_id),
        ("x-routeiq-version", plan.state_version),
        ("x-routeiq-attempts", str(attempts)),
        ("x-litellm-call-id", plan.request_id),
        ("x-litellm-model-id", served_by.id),
        ("x-litellm-model-group", served_by.group),
        *_optional(decision, _fallback(decision, served_by)),
    ]
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]


def _optional(decision: Decision, fallback: str) -> list[tuple[str, str]]:
    headers = []
    if decision.confidence is not None:
        headers.append(("x-routeiq-confidence", f"{decision.confidence:.4f}"))
    if decision.artifact_id:
        headers.append(("x-routeiq-artifact", decision.artifact_id))
    if decision.prior:
        headers.append(("x-routeiq-prior", "true"))
    if decision.cached:
        headers.append(("x-routeiq-cache", "decision"))
    if fallback:
        headers.append(("x-routeiq-fallback", fallback))
    return headers


def _fallback(decision: Decision, served_by: Deployment) -> str:
    """Why the answer is not the learned choice: routing gave none, or the chosen model did not answer."""
    if decision.fallback:
        return decision.fallback
    return "" if served_by.candidate == decision.model else "upstream_failed"
