"""How a document wants its releases to go out."""

from __future__ import annotations

from routeiq.config.document.routeiq import RolloutRules
from routeiq.config_sync.record import Plan


def plan_of(said: RolloutRules) -> Plan:
    canary = said.canary
    return Plan(
        canary_replicas=(canary.replicas or 0) if canary else 0,
        canary_share=(canary.share or 0.0) if canary else 0.0,
        observe_s=canary.observe_s if canary else 0.0,
        settle_s=said.settle_s,
        max_error_rate=said.max_error_rate,
        min_requests=said.min_requests,
    )
