"""What of config-sync is counted."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from routeiq.kit.metrics import Counts


class SyncMetrics:
    """Of one replica."""

    def __init__(self, registry: CollectorRegistry, leading: Callable[[], bool]) -> None:
        self._ended = Counts(
            "routeiq_config_rollouts",
            "Rollouts that ended while this replica led, by their fate.",
            ["outcome"],
            registry,
        )
        self._refused = Counts(
            "routeiq_config_refused", "Documents and artifacts that were refused before they went out.", [], registry
        )
        self._failed = Counts("routeiq_config_polls_failed", "Polls whose source could not be read.", [], registry)
        for fate in ("done", "rolled_back", "superseded"):
            self._ended.by[(fate,)] = 0
        self._refused.by[()] = self._failed.by[()] = 0
        leader = Gauge("routeiq_config_sync_leader", "Whether this replica leads: 1 or 0.", registry=registry)
        leader.set_function(lambda: float(leading()))

    def ended(self, fate: str) -> None:
        self._ended.by[(fate,)] += 1

    def refused(self) -> None:
        self._refused.by[()] += 1

    def poll_failed(self) -> None:
        self._failed.by[()] += 1
