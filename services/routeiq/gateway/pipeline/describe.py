"""The response headers that say what was chosen, what was called and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Attempt, Decision, Plan

RawHeaders = list[tuple[bytes, bytes]]

LONGEST_NAME = 40
LONGEST_ID = 12
LONGEST_TRAIL = 480


def decision_headers(plan: Plan, served_by: Deployment, attempts: Sequence[Attempt], fallback: str = "") -> RawHeaders:
    """`x-routeiq-*` and the `x-litellm-*` that LiteLLM's clients read. `x-routeiq-model` is who really answered.

    Args: fallback: why another group or model served, where a failure led there.
    """
    decision = plan.decision
    fallbacks = attempts[-1].group
    headers = [
        ("x-routeiq-model", served_by.candidate),
        ("x-routeiq-strategy", decision.strategy),
        ("x-routeiq-reason", decision.reason),
        ("x-routeiq-decision-id", decision.decision_id),
        ("x-routeiq-version", plan.state_version),
        ("x-routeiq-attempts", trail(attempts)),
        ("x-litellm-call-id", plan.request_id),
        ("x-litellm-model-id", served_by.id),
        ("x-litellm-model-group", served_by.group),
        ("x-litellm-attempted-retries", str(len(attempts) - 1 - fallbacks)),
        ("x-litellm-attempted-fallbacks", str(fallbacks)),
        *_optional(decision, decision.fallback or fallback),
    ]
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]


def trail(attempts: Sequence[Attempt]) -> str:
    """`small=429,small#a1b2=200`: candidate and status of each call, in order; at most 480 printable characters.

    A candidate that several deployments of the request stand for has the deployment's id behind it.
    """
    if len(attempts) == 1:
        return f"{printable(attempts[0].candidate, LONGEST_NAME)}={attempts[0].status}"
    text = ",".join(_label(attempt, attempts) for attempt in attempts)
    if len(text) <= LONGEST_TRAIL:
        return text
    kept = text[:LONGEST_TRAIL].rpartition(",")[0]
    return f"{kept},+{len(attempts) - kept.count(',') - 1}"


def _label(attempt: Attempt, attempts: Sequence[Attempt]) -> str:
    name = printable(attempt.candidate, LONGEST_NAME)
    several = any(one.candidate == attempt.candidate and one.deployment != attempt.deployment for one in attempts)
    return f"{name}{f'#{printable(attempt.deployment, LONGEST_ID)}' if several else ''}={attempt.status}"


@lru_cache(maxsize=4096)
def printable(name: str, longest: int) -> str:
    """`name` as a header may carry it; `=`, `,` and what is not printable ASCII become `_`."""
    return "".join(c if c.isascii() and c.isprintable() and c not in " ,=;" else "_" for c in name[:longest])


def _optional(decision: Decision, fallback: str) -> list[tuple[str, str]]:
    headers = []
    if decision.confidence is not None:
        headers.append(("x-routeiq-confidence", f"{decision.confidence:.4f}"))
    if decision.artifact_id:
        headers.append(("x-routeiq-artifact", decision.artifact_id))
    if decision.prior:
        headers.append(("x-routeiq-prior", "true"))
    if fallback:
        headers.append(("x-routeiq-fallback", fallback))
    return headers
