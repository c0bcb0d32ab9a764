"""What learned routing counts at the gateway."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class RoutingCounts:
    """Labels have few values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counter(
            "gateway_routing_decision_cache_lookups", "Look-ups in the decision cache", ["result"], registry=registry
        )
        self._fallbacks = Counter(
            "gateway_routing_fallbacks", "Choices that were not learned, by reason", ["reason"], registry=registry
        )
        self._conversations = Counter(
            "gateway_routing_conversations", "Later turns of conversations, by what became of their model", ["result"],
            registry=registry,
        )  # fmt: skip
        self._hit, self._miss = self._lookups.labels("hit"), self._lookups.labels("miss")

    def looked_up(self, *, hit: bool) -> None:
        (self._hit if hit else self._miss).inc()

    def fell_back(self, reason: str) -> None:
        self._fallbacks.labels(reason).inc()

    def conversation(self, result: str) -> None:
        """`same`: routing chose the model that it has. `kept`: it chose another. `switched`."""
        self._conversations.labels(result).inc()
