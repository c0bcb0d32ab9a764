"""Who lives, as a rollout sees it: who has done what was wished, who has not, and how well they serve."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from routeiq.config_sync.record import Figures, Plan, Wish


@dataclass(frozen=True, slots=True)
class Replica:
    """As `fleet.proto` says it of itself. `name` is `<service>.<replica>`."""

    name: str
    service: str
    applied: int = 0
    wish: int = 0
    error: str = ""
    requests: int = 0
    failures: int = 0
    version: str = ""

    def has_done(self, wanted: Wish) -> bool:
        return self.wish == wanted.wish and self.applied == wanted.release.number and not self.error

    def has_failed(self, wanted: Wish) -> bool:
        return self.wish == wanted.wish and bool(self.error)


Roster = Sequence[Replica]


def named(roster: Roster, names: Collection[str]) -> Roster:
    return [one for one in roster if one.name in names]


def without(roster: Roster, names: Collection[str]) -> Roster:
    return [one for one in roster if one.name not in names]


def laggards(roster: Roster, wanted: Wish) -> list[str]:
    """Who serves something else still, by name."""
    return sorted(one.name for one in roster if not one.has_done(wanted))


def failure(roster: Roster, wanted: Wish) -> str:
    """The first one's error, behind its name; empty: nobody has failed."""
    return next((f"{one.name}: {one.error}" for one in roster if one.has_failed(wanted)), "")


def figures(roster: Iterable[Replica]) -> Figures:
    """Of all of them together."""
    counted = [(one.requests, one.failures) for one in roster]
    return Figures(sum(requests for requests, _ in counted), sum(failures for _, failures in counted))


def choose_canaries(roster: Roster, plan: Plan, preferred: Collection[str] = ()) -> tuple[str, ...]:
    """Some of each service, never all of one: what has a single replica waits for the rest. Empty: none can go first.

    Args: preferred: who has gone first already, and shall again."""
    chosen: list[str] = []
    for service in sorted({one.service for one in roster}):
        names = sorted(one.name for one in roster if one.service == service)
        names.sort(key=lambda name: name not in preferred)
        chosen += names[: min(_how_many(plan, len(names)), len(names) - 1)]
    return tuple(chosen)


def _how_many(plan: Plan, of: int) -> int:
    return plan.canary_replicas or math.ceil(plan.canary_share * of)


def worst(references: Iterable[Figures], plan: Plan) -> Figures:
    """Of those that have enough requests to say something."""
    telling = (one for one in references if one.requests >= plan.min_requests)
    return max(telling, key=lambda one: one.rate, default=Figures())


def blame(now: Figures, references: Iterable[Figures], plan: Plan) -> str:
    """Why the release is to blame for how its replicas serve; empty: it is not.

    It is if the share of failures lies above what the plan permits and twice what it was elsewhere or before, by more
    than chance explains: two standard deviations of a binomial count."""
    if now.requests < max(plan.min_requests, 1):
        return ""
    usual = worst(references, plan).rate
    limit = min(max(plan.max_error_rate, 2 * usual), 1.0)
    expected = now.requests * limit
    if now.failures <= expected + 2 * math.sqrt(expected * (1 - limit)):
        return ""
    return f"{now.failures} of {now.requests} requests failed, {usual:.1%} before or elsewhere"
