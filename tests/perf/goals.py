"""What the gateway must reach beside its peers in the same run, and whether it did."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.perf.phases import STREAMS, Figures
from tests.perf.summary import ratio
from tests.perf.targets.upstream import CHUNKS_PER_S

KEYED, ROUTED = "RouteIQ keyed", "RouteIQ auto, Zipf"
INTERPRETED = f"{KEYED}, interpreted"
BILLED = f"{KEYED}, billed"
NGINX, ENVOY = "nginx", "Envoy"
OFFERED_CHUNKS = STREAMS * CHUNKS_PER_S

Rounds = Mapping[str, Sequence[Figures]]


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNMEASURED = "not measured"


@dataclass(frozen=True)
class Goal:
    """A bound on one figure. `other`: the row to divide by; empty: the figure itself, divided by `unit`."""

    text: str
    row: str
    figure: str
    bound: float
    at_least: bool
    other: str = ""
    unit: float = 1.0

    def value(self, rounds: Rounds) -> float | None:
        """None: a row or figure is missing."""
        ours = rounds.get(self.row, ())
        if self.other:
            return ratio(ours, rounds.get(self.other, ()), self.figure)
        found = [one[self.figure] for one in ours if self.figure in one]
        return statistics.median(found) / self.unit if found else None

    def judge(self, rounds: Rounds) -> tuple[Verdict, float | None]:
        value = self.value(rounds)
        if value is None:
            return Verdict.UNMEASURED, None
        met = value >= self.bound if self.at_least else value <= self.bound
        return (Verdict.PASS if met else Verdict.FAIL), value


GOALS = (
    Goal("keyed RPS / nginx", KEYED, "rps", 0.25, True, NGINX),
    Goal("keyed RPS / Envoy", KEYED, "rps", 0.65, True, ENVOY),
    Goal("keyed CPU per request / Envoy", KEYED, "cpu_us", 1.6, False, ENVOY),
    Goal("auto (Zipf) RPS / nginx", ROUTED, "rps", 0.15, True, NGINX),
    Goal("CPU per chunk / Envoy", KEYED, "chunk_cpu_us", 1.4, False, ENVOY),
    Goal("added p50 at 100 rps / nginx", KEYED, "added_p50_100", 3.0, False, NGINX),
    Goal("added p99 at 300 rps / Envoy", KEYED, "added_p99_300", 2.0, False, ENVOY),
    Goal("added TTFT / Envoy", KEYED, "added_ttft", 1.0, False, ENVOY),
    Goal("chunks of those offered", KEYED, "chunks_s", 0.95, True, unit=OFFERED_CHUNKS),
    Goal("gateway RSS, MiB", KEYED, "rss_mib", 90.0, False),
)
