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
_NO_RETRIES: RawHeaders = [(b"x-litellm-attempted-retries", b"0"), (b"x-litellm-attempted-fallbacks", b"0")]


def decision_headers(plan: Plan, served_by: Deployment, attempts: Sequence[Attempt], fallback: str = "") -> RawHeaders:
    """`x-routeiq-*` and the `x-litellm-*` that LiteLLM's clients read. `x-routeiq-model` is who really answered.

    Args: fallback: why another group or model served, where a failure led there.
    """
    decision = plan.decision
    headers = [
        (b"x-routeiq-model", _bytes(served_by.candidate)),
        (b"x-routeiq-strategy", _bytes(decision.strategy)),
        (b"x-routeiq-reason", _bytes(decision.reason)),
        (b"x-routeiq-decision-id", _bytes(decision.decision_id)),
        (b"x-routeiq-version", _bytes(plan.state_version)),
        (b"x-litellm-call-id", _bytes(plan.request_id)),
        (b"x-litellm-model-id", _bytes(served_by.id)),
        (b"x-litellm-model-group", _bytes(served_by.group)),
    ]
    headers += _attempt_headers(attempts)
    headers += _optional(decision, decision.fallback or fallback)
    return headers


def _attempt_headers(attempts: Sequence[Attempt]) -> RawHeaders:
    if len(attempts) == 1:
        only = attempts[0]
        return [(b"x-routeiq-attempts", _single(only.candidate, only.status)), *_NO_RETRIES]
    fallbacks = attempts[-1].group
    return [
        (b"x-routeiq-attempts", trail(attempts).encode()),
        (b"x-litellm-attempted-retries", b"%d" % (len(attempts) - 1 - fallbacks)),
        (b"x-litellm-attempted-fallbacks", b"%d" % fallbacks),
    ]


def trail(attempts: Sequence[Attempt]) -> str:
    """`small=429,small#a1b2=200`: candidate and status of each call, in order; at most 480 printable characters.

    A candidate that several deployments of the request stand for has the deployment's id behind it.
    """
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


@lru_cache(maxsize=4096)
def _single(candidate: str, status: int) -> bytes:
    """The trail of most requests."""
    return f"{printable(candidate, LONGEST_NAME)}={status}".encode()


def _bytes(value: str) -> bytes:
    return value.encode("latin-1", "replace")


def _optional(decision: Decision, fallback: str) -> RawHeaders:
    headers = []
    if decision.confidence is not None:
        headers.append((b"x-routeiq-confidence", b"%.4f" % decision.confidence))
    if decision.artifact_id:
        headers.append((b"x-routeiq-artifact", _bytes(decision.artifact_id)))
    if decision.prior:
        headers.append((b"x-routeiq-prior", b"true"))
    if decision.cached:
        headers.append((b"x-routeiq-cache", b"decision"))
    if fallback:
        headers.append((b"x-routeiq-fallback", _bytes(fallback)))
    return headers
