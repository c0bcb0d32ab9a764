"""LiteLLM's strategies inside a group: for each deployment a value, of which the lowest comes first.

`llmrouter-*` and names without an entry are `simple_shuffle`. What each of them promises stands in LiteLLM's docs under
"Routing strategies"; where ours differs, its docstring says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from routeiq.config.state import Deployment, RoutingSettings
from routeiq.gateway.pipeline.figures import Live

_LEAST_WEIGHT = 1e-9


class Member(NamedTuple):
    """A deployment and what it does now."""

    deployment: Deployment
    live: Live

    @property
    def over_limit(self) -> bool:
        """One more request would pass its rpm, or its tpm is used up in this minute."""
        rpm, tpm = self.deployment.rpm, self.deployment.tpm
        return (rpm is not None and self.live.requests >= rpm) or (tpm is not None and self.live.tokens >= tpm)


Strategy = Callable[[Sequence[Member], RoutingSettings, float, bool, random.Random], Sequence[float]]
"""(members, settings, now, stream, chance) -> values in the order of the members."""


def simple_shuffle(
    members: Sequence[Member], settings: RoutingSettings, now: float, stream: bool, chance: random.Random
) -> Sequence[float]:
    """A random order in which a deployment comes first as often as its weight says."""
    return [-shuffled(member.deployment.weight, chance.random()) for member in members]


def shuffled(weight: float, chance: float) -> float:
    """A key by whose descending order a weighted shuffle comes out. Args: chance: in [0, 1).

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006): u^(1/w).
    """
    return float(chance ** (1 / max(weight, _LEAST_WEIGHT)))


def least_busy(
    members: Sequence[Member], settings: RoutingSettings, now: float, stream: bool, chance: random.Random
) -> Sequence[float]:
    """The fewest requests in flight."""
    return [member.live.in_flight for member in members]


def lowest_latency(
    members: Sequence[Member], settings: RoutingSettings, now: float, stream: bool, chance: random.Random
) -> Sequence[float]:
    """Whoever is within the buffer of the fastest is as good as it; unmeasured deployments are tried first.

    Unlike LiteLLM's, an unmeasured one that has a request already waits for its figure behind the measured ones, and
    one that only failed comes after all: otherwise either would draw every request until its first answer.
    """
    latencies = [member.live.latency(now, settings.latency_ttl_s, stream=stream) for member in members]
    ready = [s for s, one in zip(latencies, members, strict=True) if s is not None and not one.live.passed_over(now)]
    fast_enough = min(ready, default=0.0) * (1 + settings.latency_buffer)
    return [_latency(member.live, s, fast_enough) for member, s in zip(members, latencies, strict=True)]


def _latency(live: Live, seconds: float | None, fast_enough: float) -> float:
    if seconds is not None:
        return 0.0 if seconds <= fast_enough else seconds
    return inf if live.in_flight or live.failures_in_row else -1.0


def lowest_cost(
    members: Sequence[Member], settings: RoutingSettings, now: float, stream: bool, chance: random.Random
) -> Sequence[float]:
    """Input and output price of a token together; a deployment whose price is unknown comes last."""
    return [_price(member.deployment) for member in members]


def _price(deployment: Deployment) -> float:
    if deployment.input_price is None or deployment.output_price is None:
        return inf
    return deployment.input_price + deployment.output_price


def lowest_usage(
    members: Sequence[Member], settings: RoutingSettings, now: float, stream: bool, chance: random.Random
) -> Sequence[float]:
    """The smallest share of `tpm` used in this minute; tokens themselves where a member has no `tpm`."""
    if all(member.deployment.tpm for member in members):
        return [member.live.tokens / (member.deployment.tpm or 1.0) for member in members]
    return [member.live.tokens for member in members]


VALUES: Mapping[str, Strategy] = {
    "least-busy": least_busy,
    "latency-based-routing": lowest_latency,
    "cost-based-routing": lowest_cost,
    "usage-based-routing": lowest_usage,
    "usage-based-routing-v2": lowest_usage,
}
LIMITED = frozenset(VALUES) - {"least-busy"}
"""The strategies under which a deployment past its rpm or tpm comes behind the others."""
