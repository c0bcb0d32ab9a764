"""The breaker of each deployment: who fails is put behind the others of its group for a while, then probed.

Counted are 401, 402, 404, 408, 429, 5xx and no answer. A 403 is not (providers refuse single inputs with it), nor any
other 4xx: one caller's requests must not take a deployment from all. 401, 402, 404 and 429 cool at once, the rest after
`allowed_fails` in a row or more than half of at least five in a minute; a policy by status replaces both for its own.
Never the last healthy one of a group: its true errors are worth more than none. None is ever left out, only put last.
When the time is over one request at a time is let through, until one succeeds. Source: LiteLLM's rules (litellm.md, 2).
"""

from __future__ import annotations

from enum import IntEnum

import structlog

from routeiq.config.names import is_pattern
from routeiq.config.state import State
from routeiq.config.statuses import CooldownSettings
from routeiq.gateway.pipeline.figures import Figures, Live
from routeiq.gateway.pipeline.meter import DeploymentMeter

log = structlog.get_logger()

AT_ONCE = frozenset({401, 402, 404, 429})
FAILURE_SHARE = 0.5
FEWEST_REQUESTS = 5
LONGEST_S = 600.0
"""Even for an upstream that asks for hours: a probe every ten minutes costs little."""


class BreakerState(IntEnum):
    """Values of the gauge `gateway_deployment_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Cooldowns:
    """Decides from what the executor reports. Keeps `figures` in step with the state in force."""

    def __init__(self, state: State, figures: Figures, meter: DeploymentMeter) -> None:
        self._figures = figures
        self._meter = meter
        self._settings = CooldownSettings()
        self.follow(state)

    def follow(self, state: State) -> None:
        """A new state is in force."""
        for gone in self._figures.follow(state):
            self._meter.forget(gone.group, gone.id)
        self._settings = state.routing.cooldown
        for group in state.entries():
            for deployment in group.deployments:
                live = self._figures.of(deployment.id)
                if not self._settings.enabled:
                    live.rest_until = 0.0
                self._meter.state(live.group, live.id, self.state_of(live))

    def state_of(self, live: Live) -> BreakerState:
        if live.rest_until == 0.0:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._figures.clock() < live.rest_until else BreakerState.HALF_OPEN

    def succeeded(self, live: Live, begun: float) -> None:
        """An answer has come, or its first bytes: a cooled deployment is back, if it was asked after it was cooled."""
        if live.rest_until != 0.0 and begun > live.cooled_at:
            live.rest_until, live.probe, live.reason = 0.0, 0, ""
            self._meter.state(live.group, live.id, BreakerState.CLOSED)
            log.info("deployment.recovered", model=live.group, deployment=live.id)

    def failed(self, live: Live, status: int, begun: float, retry_after_s: float | None = None) -> None:
        """A call failed; 502 stands for no answer, 504 for a time-out. What the caller caused is not counted; behind a
        wildcard that is the model that is not there."""
        if (status not in AT_ONCE and status != 408 and status < 500) or self._figures.of(live.id) is not live:
            return
        if status == 404 and is_pattern(live.group):
            return
        now = self._figures.clock()
        live.turn(now)
        live.finished += 1
        live.failures += 1
        live.failures_in_row += 1
        reason = self._reason(live, status, begun, now)
        if reason:
            self._cool(live, reason, self._seconds(live, retry_after_s), now)

    def _reason(self, live: Live, status: int, begun: float, now: float) -> str:
        """Why it is to be cooled now, or nothing. A call from before its cooldown tells nothing new."""
        stale = live.rest_until != 0.0 and (now < live.rest_until or begun <= live.cooled_at)
        if stale or not self._settings.enabled:
            return ""
        if live.rest_until != 0.0:
            return f"probe_{status}"
        limit = self._settings.by_status.get(status)
        if limit is None and status in AT_ONCE:
            return f"status_{status}"
        if live.failures_in_row > (self._settings.allowed_fails if limit is None else limit):
            return f"in_row_{status}"
        often = live.finished >= FEWEST_REQUESTS and live.failures > FAILURE_SHARE * live.finished
        return f"share_{status}" if often and limit is None else ""

    def _seconds(self, live: Live, retry_after_s: float | None) -> float:
        asked = self._settings.cooldown_s if retry_after_s is None else retry_after_s
        return min(asked if live.cooldown_s is None else live.cooldown_s, LONGEST_S)

    def _cool(self, live: Live, reason: str, seconds: float, now: float) -> None:
        if seconds <= 0 or not any(peer is not live and not peer.resting(now) for peer in live.peers):
            return
        live.cooled_at, live.rest_until, live.probe, live.reason = now, now + seconds, 0, reason
        self._meter.cooled(live.group, live.id)
        self._meter.state(live.group, live.id, BreakerState.OPEN)
        log.warning("deployment.cooled", model=live.group, deployment=live.id, reason=reason, seconds=seconds)
