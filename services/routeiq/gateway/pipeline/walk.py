"""Which deployment is called next, after which pause, or that it is over. It calls nobody itself.

A group is tried first: other deployments at once, one that was called before after a pause. Then the fallback groups,
in order. A prompt that is too long and an offended content policy go to their own lists at once, to the general one
where there is none. All of it stays inside the plan's deadline and its number of calls.
"""

from __future__ import annotations

import random
from enum import StrEnum
from typing import NamedTuple

from routeiq.config.names import is_pattern
from routeiq.config.state import Deployment
from routeiq.config.statuses import ANY_STATUS
from routeiq.gateway.pipeline.failures import Kind
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.plan import Plan

BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 8.0
LONGEST_WAIT_S = 60.0
"""A longer `Retry-After` is passed on to the caller instead, as OpenAI's SDKs and LiteLLM do."""
PATIENCE_S = 5.0
"""The same while another group may still serve."""


class Fallback(StrEnum):
    """Why another model serves than the one that was chosen."""

    UPSTREAM_FAILED = "upstream_failed"
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"
    UNAVAILABLE = "deployment_unavailable"
    """The chosen one is cooled or full."""


class Step(NamedTuple):
    """A call to make."""

    deployment: Deployment
    pause_s: float = 0.0


class Walk:
    """One request's way through its plan."""

    def __init__(self, plan: Plan, figures: Figures, chance: random.Random) -> None:
        self._plan = plan
        self._figures = figures
        self._chance = chance
        self._queue = list(plan.deployments)
        self._groups = list(plan.fallbacks.general)
        self._in_group = 0
        self._calls: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._special = False
        self.number = 0
        """How many fallback groups were turned to."""
        self.fallback: Fallback | None = None
        """Why it has come to another group, or to another model of the plan."""

    def first(self, now: float) -> Deployment:
        """The first call: the best that is neither cooled nor full, if there is one."""
        return self._take(self._best(now))

    def started(self) -> None:
        """The first call is made already, to the plan's first deployment."""
        self._take(0)

    def next(self, failed: Deployment, status: int, kind: Kind, retry_after_s: float | None, now: float) -> Step | None:
        """The call after a failed one, or None: the request is over."""
        if kind is Kind.FINAL or now >= self._plan.deadline:
            return None
        if kind in (Kind.CONTEXT_WINDOW, Kind.CONTENT_POLICY):
            return self._elsewhere(failed, kind, now)
        if kind is Kind.PASSING and self._may_repeat(failed):
            self._queue.append(failed)
            self._not_before[_called(failed)] = now + (retry_after_s or 0.0)
        return self._again(status, now) or self._fall_back(Fallback.UPSTREAM_FAILED, now)

    def _may_repeat(self, failed: Deployment) -> bool:
        return failed.max_retries is None or self._calls[_called(failed)] <= failed.max_retries

    def _again(self, status: int, now: float) -> Step | None:
        """Another call in this group, unless only cooled or full ones are left and another group may serve."""
        if not self._queue or self._in_group > self._retries(status):
            return None
        index = self._best(now)
        deployment = self._queue[index]
        if self._groups and self._figures.of(deployment.id).passed_over(now):
            return None
        pause = self._pause(deployment, now)
        longest = PATIENCE_S if self._groups else LONGEST_WAIT_S
        if pause > longest or now + pause >= self._plan.deadline:
            return None
        return Step(self._take(index), pause)

    def _retries(self, status: int) -> int:
        by_status = self._plan.retries_by_status
        if not by_status:
            return self._plan.retries
        return by_status.get(status, by_status.get(ANY_STATUS, self._plan.retries))

    def _pause(self, deployment: Deployment, now: float) -> float:
        """None before a first call. Full jitter (AWS Architecture Blog, Exponential backoff and jitter, 2015)."""
        calls = self._calls.get(_called(deployment), 0)
        if not calls:
            return 0.0
        asked = self._not_before[_called(deployment)] - now
        ceiling = min(LONGEST_BACKOFF_S, BACKOFF_S * 2 ** (calls - 1))
        jitter = 0.0 if asked > 0 else self._chance.uniform(0.0, ceiling)
        return max(asked, jitter, self._plan.retry_pause_s)

    def _elsewhere(self, failed: Deployment, kind: Kind, now: float) -> Step | None:
        """Another model: of the list for this kind, else of the same plan, else of the general list."""
        fallbacks = self._plan.fallbacks
        own, reason = fallbacks.content_policy, Fallback.CONTENT_POLICY
        if kind is Kind.CONTEXT_WINDOW:
            own, reason = fallbacks.context_window, Fallback.CONTEXT_WINDOW
        if own and not self._special:
            self._special, self._groups = True, list(own)
            return self._fall_back(reason, now)
        self._queue = [one for one in self._queue if one.candidate != failed.candidate]
        if step := self._again(0, now):
            self.fallback = reason
            return step
        return self._fall_back(reason, now)

    def _fall_back(self, reason: Fallback, now: float) -> Step | None:
        """The next group that has a deployment which was not called yet."""
        while self._groups:
            self._queue = [one for one in self._groups.pop(0) if _called(one) not in self._calls]
            if self._queue:
                self._in_group = 0
                self.number += 1
                self.fallback = reason
                return Step(self._take(self._best(now)))
        return None

    def _best(self, now: float) -> int:
        """The first in line; behind it who has to wait, and behind them who is cooled or full."""

        def rank(index: int) -> tuple[bool, float, int]:
            one = self._queue[index]
            wait = max(0.0, self._not_before.get(_called(one), 0.0) - now)
            return self._figures.of(one.id).passed_over(now), wait, index

        return 0 if len(self._queue) == 1 else min(range(len(self._queue)), key=rank)

    def _take(self, index: int) -> Deployment:
        deployment = self._queue.pop(index)
        self._in_group += 1
        called = deployment.id if deployment.entry is None else _called(deployment)
        self._calls[called] = self._calls.get(called, 0) + 1
        return deployment


def _called(deployment: Deployment) -> str:
    """What counts as one in a request: a deployment, under whatever name; behind a wildcard each model of it."""
    if deployment.entry is None or not is_pattern(deployment.entry):
        return deployment.id
    return f"{deployment.id}/{deployment.model}"
