"""One row of the table: where to send what, whose CPU counts, and what to compare its latency with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

CHAT_PATH = "/v1/chat/completions"


class Route(StrEnum):
    """What the mock upstream does, by the model asked for."""

    PLAIN = "bench"
    STREAM = "bench-stream"
    FIRST = "bench-first"


class Phase(StrEnum):
    """What one round does with a target."""

    MAX = "max"
    SLOW = "slow"
    FAST = "fast"
    FIRST = "first"
    STREAMS = "streams"


EVERYTHING = tuple(Phase)
UNARY = (Phase.MAX, Phase.SLOW, Phase.FAST)
Ports = dict[Route, int]


@dataclass(frozen=True)
class Workload:
    """What is sent. Without a file the load generator makes its own chat completion of 1 KiB."""

    bodies: Path | None = None
    sequence: Path | None = None
    new: bool = False
    """Each request gets a number of its own, so that no cache knows it."""


@dataclass
class Target:
    """A running one. `ports` by route; a gateway has the same port for all of them."""

    name: str
    ports: Ports
    pid: int
    """Root of the process tree whose CPU and memory count."""
    phases: tuple[Phase, ...] = EVERYTHING
    headers: tuple[str, ...] = ()
    workload: Workload = field(default_factory=Workload)
    baseline: str = "direct"
    warm_s: float = 0.0
    metrics_url: str = ""
    """Prometheus text of the gateway; empty: it has none."""
    routing_pid: int = 0
    version: str = ""
    turn: int = 0
    """How many requests of its workload were sent so far: the next run goes on there."""

    def url(self, route: Route) -> str:
        return f"http://127.0.0.1:{self.ports[route]}{CHAT_PATH}"


@dataclass(frozen=True)
class Left:
    """A row that could not be had, and why."""

    name: str
    reason: str


Starter = Callable[[], Target]
