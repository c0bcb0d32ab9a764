"""A conversation keeps its model unless a switch pays: providers cache long prompts, and a switch forfeits that.

Source: routing.md, "A switch has a price". In this process alone: after a restart, or on another replica, a
conversation is decided anew, mostly to the same model, as equal prompts have equal decisions."""

from __future__ import annotations

import time
from collections.abc import Callable

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.conversation import Conversation
from routeiq.kit.lru import LRU

SIZE = 10_000
TTL_S = 3600.0

CACHED_PRICE = {
    "anthropic": 0.1,
    "bedrock": 0.1,
    "deepseek": 0.1,
    "gemini": 0.25,
    "vertex_ai": 0.25,
    "openai": 0.25,
    "azure": 0.25,
    "xai": 0.25,
}
"""What a cached input token costs of the full price: the providers' price lists, rounded up where models differ, so
that the loss is rather too small than too large."""
OTHERS_CACHED_PRICE = 0.5
LEAST_CACHED_TOKENS = 1024
"""Shorter prompts are cached by none of the large providers."""
BYTES_PER_TOKEN = 4


class Conversations:
    """Which model each conversation has. Bounded; for one event loop. `clock` gives seconds."""

    def __init__(self, size: int = SIZE, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._models: LRU[bytes, tuple[float, str]] = LRU(size)
        self._ttl_s, self._clock = ttl_s, clock

    def __len__(self) -> int:
        return len(self._models)

    def model(self, conversation: Conversation | None) -> str | None:
        """The candidate that it has; None: nothing is known, or it is not followed."""
        if conversation is None or not conversation.followed:
            return None
        found = self._models.get(conversation.id)
        if found is None:
            return None
        if self._clock() >= found[0]:
            self._models.drop(conversation.id)
            return None
        return found[1]

    def remember(self, conversation: Conversation | None, model: str) -> None:
        """It has `model` now, for another `ttl_s`."""
        if conversation is not None:
            self._models.put(conversation.id, (self._clock() + self._ttl_s, model))


def pays_to_switch(
    response: pb.RouteResponse, current: str, deployment: Deployment, history_bytes: int, margin: float
) -> bool:
    """Whether the selected model's utility exceeds the current one's by more than the lost cache and `margin`.

    Args: deployment: the current model's.  margin: in the unit of utility, which is that of quality."""
    by_name = {score.model: score.utility for score in response.scores}
    if current not in by_name or response.selected_model not in by_name:
        return True
    gain = by_name[response.selected_model] - by_name[current]
    return gain > lost_usd(deployment, history_bytes) * _utility_per_usd(response) + margin


def lost_usd(deployment: Deployment, history_bytes: int) -> float:
    """What the history costs more where no cache holds it."""
    tokens = history_bytes / BYTES_PER_TOKEN
    if tokens < LEAST_CACHED_TOKENS or deployment.input_price is None:
        return 0.0
    return tokens * deployment.input_price * (1 - CACHED_PRICE.get(deployment.provider, OTHERS_CACHED_PRICE))


def _utility_per_usd(response: pb.RouteResponse) -> float:
    """The rule is utility = quality - per_usd * cost; read where it is most exact, off the dearest candidate."""
    dearest = max(response.scores, key=lambda score: score.cost_usd)
    return (dearest.quality - dearest.utility) / dearest.cost_usd if dearest.cost_usd > 0 else 0.0
