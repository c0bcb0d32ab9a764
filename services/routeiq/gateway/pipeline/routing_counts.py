"""What learned routing counts at the gateway."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from routeiq.kit.metrics import SECONDS, Counts, Durations


class RoutingCounts:
    """Labels have few values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counts(
            "gateway_routing_decision_cache_lookups", "Look-ups in the decision cache", ["result"], registry
        )
        self._fallbacks = Counts(
            "gateway_routing_fallbacks", "Choices that were not learned, by reason", ["reason"], registry
        )
        self._conversations = Counts(
            "gateway_routing_conversations",
            "Later turns of conversations, by what became of their model",
            ["result"],
            registry,
        )

        self._duration = Durations(
            "gateway_routing_decision_duration_seconds", "Time to choose a model", [], SECONDS, registry
        )

    def took(self, seconds: float) -> None:
        """A choice, learned or not."""
        self._duration.observe(seconds)

    def looked_up(self, *, hit: bool) -> None:
        self._lookups.by["hit" if hit else "miss",] += 1

    def fell_back(self, reason: str) -> None:
        self._fallbacks.by[reason,] += 1

    def conversation(self, result: str) -> None:
        """`same`: routing chose the model that it has. `kept`: it chose another. `switched`."""
        self._conversations.by[result,] += 1
