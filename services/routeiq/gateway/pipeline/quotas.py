"""The limits of the LLM Gateway API's providers: requests and tokens in a minute, whoever asks, on whatever path.

A call takes its request when it is made, and tokens are counted when the answer has said how many: what runs at once
may go past `tpm` by what it turns out to be. Gateways that share a Redis count together, as `kit.counters_redis` says.
"""

from __future__ import annotations

from routeiq.config.quota import Quota
from routeiq.kit.counters import Counters, Limit

SHORTEST_WAIT_S = 0.001


class Quotas:
    """Of one gateway."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def take(self, quota: Quota | None) -> float:
        """One request. Returns: 0: it may be made; else after how many seconds to ask again."""
        limits = _limits(quota)
        return self._wait_s() if limits and self._counters.take(limits) else 0.0

    def left(self, quota: Quota | None) -> float:
        """The same without taking it."""
        limits = _limits(quota)
        return self._wait_s() if limits and self._counters.full(limits) else 0.0

    def _wait_s(self) -> float:
        """More than 0, also if the minute has ended just now."""
        return max(self._counters.wait_s(), SHORTEST_WAIT_S)

    def give_back(self, quota: Quota) -> None:
        """A request that was taken just now, and not made."""
        self._counters.add(_requests(quota), -1)

    def used(self, quota: Quota, tokens: int) -> None:
        """What an answer came to."""
        if tokens:
            self._counters.add(_tokens(quota), tokens)


def _limits(quota: Quota | None) -> list[Limit]:
    if quota is None:
        return []
    return [Limit(_requests(quota), quota.rpm), Limit(_tokens(quota), quota.tpm, tokens=True)]


def _requests(quota: Quota) -> str:
    return f"provider:{quota.name}:requests"


def _tokens(quota: Quota) -> str:
    return f"provider:{quota.name}:tokens"
