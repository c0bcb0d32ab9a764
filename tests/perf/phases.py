"""What one round measures of one target: each phase is a run of the load generator and the figures that it yields."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.perf import cpu, load
from tests.perf.load import Load, Run
from tests.perf.scrape import hit_rate, read_metrics
from tests.perf.targets.target import Phase, Route, Target

CONNECTIONS = 32
OPEN_CONNECTIONS = 64
SLOW_RPS, FAST_RPS, FIRST_RPS = 100.0, 300.0, 50.0
STREAMS = 128
HELD = 0.97
"""A rate counts as held when that much of it was answered in time; else its latencies mean nothing."""

Figures = dict[str, float]
"""By name; a name that is not there was not measured."""


@dataclass(frozen=True)
class Lengths:
    """Seconds of each phase."""

    seconds: float = 3.0

    def loads(self) -> dict[Phase, Load]:
        return {
            Phase.MAX: Load(CONNECTIONS, self.seconds),
            Phase.SLOW: Load(OPEN_CONNECTIONS, self.seconds, SLOW_RPS),
            Phase.FAST: Load(OPEN_CONNECTIONS, self.seconds, FAST_RPS),
            Phase.FIRST: Load(OPEN_CONNECTIONS, self.seconds, FIRST_RPS, stream=True, route=Route.FIRST),
            Phase.STREAMS: Load(STREAMS, self.seconds, stream=True, route=Route.STREAM, warm_s=1.0),
        }


def warm(target: Target) -> None:
    """As long as the target wants it: caches fill before anything counts."""
    load.run(target, Load(CONNECTIONS, target.warm_s, warm_s=0.0), target.pid)


def measure(target: Target, lengths: Lengths, upstream_pid: int) -> Figures:
    """One round of one target. Raises LoadFailed."""
    figures: Figures = {}
    before, begun = read_metrics(target.metrics_url), time.monotonic()
    routing_s = cpu.cpu_s(target.routing_pid) if target.routing_pid else 0.0
    runs = {
        phase: load.run(target, one, upstream_pid) for phase, one in lengths.loads().items() if phase in target.phases
    }
    for phase, run in runs.items():
        figures |= _READ[phase](run)
    routing_s = cpu.cpu_s(target.routing_pid) - routing_s if target.routing_pid else 0.0
    figures["bad"] = float(sum(run.bad for run in runs.values()))
    figures["total"] = float(sum(run.total for run in runs.values()))
    figures["rss_mib"] = cpu.rss_mib(target.pid)
    if target.routing_pid:
        figures["routing_busy"] = routing_s / (time.monotonic() - begun)
        figures |= _routing(target, runs, hit_rate(before, read_metrics(target.metrics_url)))
    return figures


def _max(run: Run) -> Figures:
    return {"rps": run.rps, "cpu_us": run.cpu_us, "core_busy": run.core_busy, "others": run.others}


def _rate(run: Run, name: str, offered: float) -> Figures:
    if run.rps < offered * HELD:
        return {f"rps_{name}": run.rps}
    return {f"rps_{name}": run.rps, f"p50_{name}": run.latency.p50, f"p99_{name}": run.latency.p99}


def _streams(run: Run) -> Figures:
    figures = {"chunks_s": run.chunks_s, "chunk_p99": run.transit.p99}
    return figures | ({"chunk_cpu_us": run.cpu_us_per_chunk} if run.chunks else {})


_READ = {
    Phase.MAX: _max,
    Phase.SLOW: lambda run: _rate(run, "100", SLOW_RPS),
    Phase.FAST: lambda run: _rate(run, "300", FAST_RPS),
    Phase.FIRST: lambda run: {"ttft": run.ttft.p50} if run.ttft.p50 >= 0 else {},
    Phase.STREAMS: _streams,
}


def _routing(target: Target, runs: dict[Phase, Run], hits: float | None) -> Figures:
    found: Figures = {"routing_rss_mib": cpu.rss_mib(target.routing_pid)}
    for phase, run in runs.items():
        answered = max(sum(run.by_fallback.values()), 1)
        shares = {reason: count / answered for reason, count in run.by_fallback.items() if reason}
        found |= {f"fallback_{phase}_{reason}": share for reason, share in shares.items()}
        found[f"fallback_{phase}"] = sum(share for reason, share in shares.items() if reason != "upstream_failed")
    return found | ({} if hits is None else {"hit_rate": hits})


def added(figures: Figures, base: Figures) -> Figures:
    """What a target adds to the latencies of its baseline, measured in the same round."""
    names = [name for name in figures if name.startswith(("p50_", "p99_", "ttft")) and name in base]
    return {f"added_{name}": figures[name] - base[name] for name in names}
