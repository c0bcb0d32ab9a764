"""The response headers that say what was chosen, what was called and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Attempt, Decision, Plan
from routeiq.gateway.upstream.secrets import secrets_of
from routeiq.kit.exchange import Repeated

RawHeaders = list[tuple[bytes, bytes]]

LONGEST_NAME = 40
LONGEST_ID = 12
LONGEST_TRAIL = 480
MOST_KEPT = 256
"""Strategies, reasons and versions are few; a service that makes up more costs a new start."""


class Shown:
    """What callers see of a deployment: the header lines that are the same in most of its answers, made once.

    The deployment keeps it (`PerDeployment`), so that it does not keep the deployment."""

    __slots__ = ("_candidate", "_group", "_id", "_repeated", "alias", "secrets")

    def __init__(self, deployment: Deployment) -> None:
        self._candidate, self._group, self._id = deployment.candidate, deployment.group, deployment.id
        self.alias = deployment.group if deployment.group != deployment.model else None
        """The name to show instead of the provider's."""
        self.secrets = secrets_of(deployment)
        """Cut out wherever the upstream says one."""
        self._repeated: dict[tuple[str, str, str, int], Repeated] = {}

    def headers(self, plan: Plan, attempts: Sequence[Attempt], fallback: str = "") -> tuple[RawHeaders, Repeated]:
        """`x-routeiq-*` and the `x-litellm-*` that LiteLLM's clients read. `x-routeiq-model` is who really answered.

        Args: fallback: why another group or model served, where a failure led there.
        """
        decision = plan.decision
        status = attempts[0].status if len(attempts) == 1 else 0
        key = (decision.strategy, decision.reason, plan.state_version, status)
        headers = [
            (b"x-routeiq-decision-id", decision.decision_id.encode()),
            (b"x-litellm-call-id", plan.request_id.encode()),
        ]
        if not status:
            headers += _attempt_headers(attempts)
        headers += _optional(decision, decision.fallback or fallback)
        return headers, self._repeated.get(key) or self._made(key, attempts)

    def _made(self, key: tuple[str, str, str, int], attempts: Sequence[Attempt]) -> Repeated:
        strategy, reason, version, status = key
        if len(self._repeated) >= MOST_KEPT:
            self._repeated.clear()
        self._repeated[key] = repeated = Repeated(
            [
                (b"x-routeiq-model", _bytes(self._candidate)),
                (b"x-routeiq-strategy", _bytes(strategy)),
                (b"x-routeiq-reason", _bytes(reason)),
                (b"x-routeiq-version", _bytes(version)),
                (b"x-litellm-model-id", _bytes(self._id)),
                (b"x-litellm-model-group", _bytes(self._group)),
                *(_attempt_headers(attempts) if status else ()),
            ]
        )
        return repeated


def _attempt_headers(attempts: Sequence[Attempt]) -> RawHeaders:
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
