"""What operators see of the ledger's intake."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from routeiq.control.usage.intake_batches import Batch
from routeiq.control.usage.ledger import Written
from routeiq.kit.clock import Clock
from routeiq.kit.metrics import Counts, Durations

LAGS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class IntakeCounts:
    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._records = Counts(
            "control_usage_records", "Records that gateways sent, by whether the ledger had them", ["outcome"], registry
        )
        self._failed = Counts("control_usage_batches_failed", "Batches that were not written", ["reason"], registry)
        self._lag = Durations(
            "control_usage_lag_seconds", "From the end of a batch's last request to its commit", [], LAGS_S, registry
        )

    def written(self, written: Written, batches: Iterable[Batch]) -> None:
        self._records.by["new",] += written.new
        self._records.by["duplicate",] += written.duplicate
        now = self._clock().timestamp()
        for batch in batches if written.new else ():
            if batch.records:
                self._lag.observe(max(now - max(one.ended_at for one in batch.records) / 1_000_000, 0.0))

    def failed(self, reason: str) -> None:
        self._failed.by[reason,] += 1
