"""The order in which the deployments of one model are tried.

Cooled and full deployments come last, but are never left out; then those past their rpm or tpm, where the strategy
minds it; then `order`; then the strategy; then chance.
"""

from __future__ import annotations

import random
from math import inf
from typing import Final

from routeiq.config.state import Deployment, RoutingSettings
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.strategies import LIMITED, VALUES, Member, shuffled, simple_shuffle

LAST: Final = 2
OVER_LIMIT: Final = 1
READY: Final = 0


class Balancer:
    """Shares requests among deployments by what `figures` know. `shuffle` is given by tests."""

    def __init__(self, figures: Figures, *, shuffle: random.Random | None = None) -> None:
        self._figures = figures
        self._random = shuffle or random.Random()

    def order(
        self, deployments: tuple[Deployment, ...], settings: RoutingSettings, *, stream: bool = False
    ) -> tuple[Deployment, ...]:
        """All of `deployments`, best first. One costs nothing."""
        count = len(deployments)  # asked in the condition, it makes mypyc return a new tuple of one
        if count == 1:
            return deployments
        strategy = settings.strategy
        if strategy not in VALUES and not self._exceptional(deployments):
            chance = self._random.random
            return tuple(sorted(deployments, key=lambda one: shuffled(one.weight, chance()), reverse=True))
        now = self._figures.clock()
        members = [self._member(deployment, now) for deployment in deployments]
        values = VALUES.get(strategy, simple_shuffle)(members, settings, now, stream, self._random)
        minds_limits = strategy in LIMITED
        keys = sorted(
            (_place(member, now, minds_limits=minds_limits), _order(member), value, self._random.random(), index)
            for index, (member, value) in enumerate(zip(members, values, strict=True))
        )
        return tuple(deployments[key[-1]] for key in keys)

    def _exceptional(self, deployments: tuple[Deployment, ...]) -> bool:
        """True if anything but the weights decides: mostly it does not, and a shuffle is a third of the work."""
        for one in deployments:
            live = self._figures.of(one.id)
            if one.order is not None or live.rest_until != 0.0 or live.in_flight >= live.max_parallel:
                return True
        return False

    def _member(self, deployment: Deployment, now: float) -> Member:
        live = self._figures.of(deployment.id)
        live.turn(now)
        return Member(deployment, live)


def _place(member: Member, now: float, *, minds_limits: bool) -> int:
    if member.live.passed_over(now):
        return LAST
    return OVER_LIMIT if minds_limits and member.over_limit else READY


def _order(member: Member) -> float:
    return inf if member.deployment.order is None else member.deployment.order
