"""What the routing client counts, in a registry that the caller owns."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class RoutingMetrics:
    """Labels have few values: no address is one, for pods come and go."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.batch = Histogram(
            "gateway_routing_batch_size", "Decisions asked for in one call", buckets=(1, 2, 4, 8, 16), registry=registry
        )
        self._pods = Gauge(
            "gateway_routing_pods", "Pods of the routing service by breaker", ["breaker"], registry=registry
        )
        self._probes = Counter(
            "gateway_routing_probes", "Copies of requests sent to pods with an open breaker", registry=registry
        )

    def pods(self, *, closed: int, opened: int) -> None:
        self._pods.labels("closed").set(closed)
        self._pods.labels("open").set(opened)

    def probed(self) -> None:
        self._probes.inc()
