"""What the engine counts, in a registry that the caller owns."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.5, 1.0, 2.5)


class EngineMetrics:
    """Labels have few values: strategies, fallbacks, caches, results."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.decisions = Counter(
            "routeiq_routing_decisions", "Choices made.", ["strategy", "fallback"], registry=registry
        )
        self.seconds = Histogram(
            "routeiq_routing_decision_seconds", "From a prompt to its choice.", buckets=_SECONDS, registry=registry
        )
        self.encode = Histogram(
            "routeiq_routing_encode_seconds", "One run of the encoder.", buckets=_SECONDS, registry=registry
        )
        self.batch = Histogram(
            "routeiq_routing_batch_size", "Prompts in one run.", buckets=(1, 2, 4, 8, 16, 64), registry=registry
        )
        self.queue = Gauge("routeiq_routing_queue_length", "Prompts that wait for the encoder.", registry=registry)
        self.cache = Counter(
            "routeiq_routing_cache_lookups", "Look-ups by cache and result.", ["cache", "result"], registry=registry
        )
        self.loads = Counter(
            "routeiq_routing_artifact_loads", "Artifacts loaded or refused.", ["result"], registry=registry
        )

    def looked_up(self, cache: str, *, hit: bool) -> None:
        self.cache.labels(cache, "hit" if hit else "miss").inc()
