"""What every deployment does right now: requests in flight, latency, requests, tokens and failures of this minute.

One object for the gateway, keyed by deployment id. Each event costs the same whatever the traffic; nothing locks,
because everything runs in one loop and nothing awaits. It holds what the state in force names and no more; figures of a
deployment that stays survive a change of state. They are this process's own: another replica counts for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

from routeiq.config.state import Deployment, DeploymentId, State

MINUTE_S: Final = 60.0
SMOOTHING: Final = 0.3
"""Share of a new measurement: after five, the old ones count 17 %."""


class Live:
    """One deployment's figures. Times are on the clock of `Figures`."""

    __slots__ = (
        "cooldown_s", "cooled_at", "failures", "failures_in_row", "finished", "first_byte_s", "group", "id",
        "in_flight", "max_parallel", "measured_at", "peers", "probe", "probes", "reason", "requests",
        "rest_until", "tokens", "turns_at", "unary_s",
    )  # fmt: skip

    def __init__(self, identifier: DeploymentId, group: str = "") -> None:
        self.id = identifier
        self.group = group
        self.peers: tuple[Live, ...] = ()
        """The deployments of its group, itself included; of one that the state does not name, none."""
        self.max_parallel: float = inf
        self.cooldown_s: float | None = None
        self.in_flight = 0
        self.first_byte_s: float | None = None
        """Smoothed; of streams."""
        self.unary_s: float | None = None
        """Smoothed; of whole answers, for each output token where the upstream counts them."""
        self.measured_at = 0.0
        self.turns_at = 0.0
        """When the next minute begins, in which `requests`, `tokens`, `finished` and `failures` count from 0."""
        self.requests = 0
        self.tokens = 0
        self.finished = 0
        self.failures = 0
        self.failures_in_row = 0
        self.rest_until = 0.0
        """0: healthy. Else cooled until then, and after that half-open: one request at a time until one succeeds."""
        self.cooled_at = 0.0
        self.probe = 0
        """The number of the probe that is under way, or 0."""
        self.probes = 0
        self.reason = ""
        """Why it is cooled."""

    def resting(self, now: float) -> bool:
        """True while it should be called only if nothing else is left."""
        return self.rest_until != 0.0 and (self.probe != 0 or now < self.rest_until)

    def passed_over(self, now: float) -> bool:
        """True if another deployment should be called instead."""
        return self.in_flight >= self.max_parallel or self.resting(now)

    def begin(self, now: float) -> int:
        """A call starts. Returns what `release` wants: the probe's number if this call is one, else 0."""
        if now >= self.turns_at:
            self.turn(now)
        self.in_flight += 1
        self.requests += 1
        if self.rest_until == 0.0 or self.probe or now < self.rest_until:
            return 0
        self.probes += 1
        self.probe = self.probes
        return self.probe

    def release(self, ticket: int) -> None:
        """The call of a `begin` is over, whatever became of it."""
        self.in_flight -= 1
        if ticket and ticket == self.probe:
            self.probe = 0

    def succeeded(self, now: float, tokens: int = 0) -> None:
        """An answer came to its end."""
        if now >= self.turns_at:
            self.turn(now)
        self.finished += 1
        self.failures_in_row = 0
        self.tokens += tokens

    def turn(self, now: float) -> None:
        """Start a new minute when it is time."""
        if now >= self.turns_at:
            self.turns_at = (now // MINUTE_S + 1) * MINUTE_S
            self.requests = self.tokens = self.finished = self.failures = 0

    def measure(self, seconds: float, now: float, *, stream: bool) -> None:
        """A latency: of a stream to its first byte, else of the whole answer for each output token."""
        before = self.first_byte_s if stream else self.unary_s
        smoothed = seconds if before is None else before + SMOOTHING * (seconds - before)
        if stream:
            self.first_byte_s = smoothed
        else:
            self.unary_s = smoothed
        self.measured_at = now

    def latency(self, now: float, ttl_s: float, *, stream: bool) -> float | None:
        """What `measure` has learned, or None where that is nothing or too old."""
        if now - self.measured_at > ttl_s:
            return None
        return self.first_byte_s if stream else self.unary_s


class Figures:
    """The live figures of all deployments. `clock` is given by tests."""

    def __init__(self, state: State | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lives: dict[DeploymentId, Live] = {}
        if state is not None:
            self.follow(state)

    def of(self, identifier: DeploymentId) -> Live:
        """A deployment's figures. One that the state no longer names gets figures that nobody keeps."""
        return self._lives.get(identifier) or Live(identifier)

    def __len__(self) -> int:
        return len(self._lives)

    def follow(self, state: State) -> tuple[Live, ...]:
        """Take over a state's deployments. Returns the figures of those that are gone."""
        before, self._lives = self._lives, {}
        for group in state.entries():
            lives = tuple(self._take_over(before, deployment) for deployment in group.deployments)
            for live in lives:
                live.peers = lives
                self._lives[live.id] = live
        gone = tuple(live for identifier, live in before.items() if identifier not in self._lives)
        for live in gone:
            live.peers = ()  # it is one of its own, and would stay until the collector comes round
        return gone

    def _take_over(self, before: dict[DeploymentId, Live], deployment: Deployment) -> Live:
        live = before.get(deployment.id) or Live(deployment.id)
        live.group = deployment.group
        live.max_parallel = inf if deployment.max_parallel is None else deployment.max_parallel
        live.cooldown_s = deployment.cooldown_s
        return live
