"""What the calls of upstreams share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.gateway.upstream.provider import Provider
from routeiq.kit.counters import MemoryCounters
from routeiq.kit.ticker import Ticker

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """What the calls of all requests share. `sleep` and `chance` are given by tests; the clock is that of `figures`."""

    provider_of: Callable[[Deployment], Provider]
    figures: Figures
    cooldowns: Cooldowns
    sleep: Sleep = asyncio.sleep
    chance: random.Random = field(default_factory=random.Random)
    ticker: Ticker = field(default_factory=Ticker)
    quotas: Quotas = field(default_factory=lambda: Quotas(MemoryCounters()))
