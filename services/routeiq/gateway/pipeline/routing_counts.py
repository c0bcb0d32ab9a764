"""What learned routing counts at the gateway, and how often it says that it could not learn."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from routeiq.gateway.pipeline.meter import Children


class RoutingCounts:
    """Labels have few values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        lookups = Counter(
            "gateway_routing_decision_cache_lookups", "Look-ups in the decision cache", ["result"], registry=registry
        )
        fallbacks = Counter(
            "gateway_routing_fallbacks", "Choices that were not learned, by reason", ["reason"], registry=registry
        )
        conversations = Counter(
            "gateway_routing_conversations", "Later turns of conversations, by what became of their model", ["result"],
            registry=registry,
        )  # fmt: skip
        self._hit, self._miss = lookups.labels("hit").inc, lookups.labels("miss").inc
        self._fallbacks, self._conversations = Children(fallbacks), Children(conversations)

    def looked_up(self, *, hit: bool) -> None:
        (self._hit if hit else self._miss)()

    def fell_back(self, reason: str) -> None:
        self._fallbacks[(reason,)].inc()

    def conversation(self, result: str) -> None:
        """`same`: routing chose the model that it has. `kept`: it chose another. `switched`."""
        self._conversations[(result,)].inc()
