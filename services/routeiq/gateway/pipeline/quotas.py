"""The limits of the LLM Gateway API's providers: requests and tokens in a minute, whoever asks, on whatever path.

A call takes its request when it is made, and tokens are counted when the answer has said how many: what runs at once
may go past `tpm` by what it turns out to be. `Counters` decide. Those of one process hold for one replica; several
replicas need counters that they share.
"""

from __future__ import annotations

from routeiq.config.state import Quota
from routeiq.kit.counters import Counters, Limit


class Quotas:
    """Of one gateway."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def take(self, quota: Quota | None) -> float:
        """One request. Returns: 0: it may be made; else after how many seconds to ask again."""
        limits = _limits(quota)
        return await self._counters.take(limits) if limits else 0.0

    def left(self, quota: Quota | None) -> float:
        """The same as far as is known here, without taking it."""
        limits = _limits(quota)
        return self._counters.left(limits) if limits else 0.0

    def used(self, quota: Quota, tokens: int) -> None:
        """What an answer came to."""
        if tokens:
            self._counters.add(_tokens(quota), tokens)


def _limits(quota: Quota | None) -> list[Limit]:
    if quota is None:
        return []
    return [Limit(f"provider:{quota.name}:requests", quota.rpm), Limit(_tokens(quota), quota.tpm, 0)]


def _tokens(quota: Quota) -> str:
    return f"provider:{quota.name}:tokens"
