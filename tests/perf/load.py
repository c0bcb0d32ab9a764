"""One run of the load generator against a target, and what the target's processes used meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field, fields

from tests.perf import cpu, machine, tools
from tests.perf.targets.target import Route, Target

WARM_S = 0.5
COUNTED = "x-routeiq-fallback"


@dataclass(frozen=True)
class Load:
    """How hard and how long. `rate` None: closed loop."""

    connections: int
    seconds: float
    rate: float | None = None
    stream: bool = False
    warm_s: float = WARM_S
    route: Route = Route.PLAIN


@dataclass(frozen=True)
class Latency:
    """Microseconds; -1 where nothing was measured."""

    p50: float = -1.0
    p99: float = -1.0


@dataclass(frozen=True)
class Run:
    """What came of it. Times are microseconds."""

    rps: float
    total: int
    """All exchanges, those of the warm-up too: what CPU time divides by."""
    bad: int
    latency: Latency
    ttft: Latency
    transit: Latency
    chunks_s: float
    chunks: int
    cpu_s: float
    core_busy: float
    """Share of the load generator's core that it and the upstream used."""
    others: float
    """Share of the time in which the target could have run, but something else had its core."""
    turn: int
    sample: str = ""
    by_fallback: dict[str, int] = field(default_factory=dict)

    @property
    def cpu_us(self) -> float:
        return self.cpu_s * 1e6 / max(self.total, 1)

    @property
    def cpu_us_per_chunk(self) -> float:
        return self.cpu_s * 1e6 / max(self.chunks, 1)


@dataclass(frozen=True)
class Clocks:
    """CPU seconds so far (or between two readings), and the time on the wall."""

    target_s: float
    upstream_s: float
    waited_s: float
    """In which threads of the target could have run, and something else did."""
    core_s: float
    """Of the target's core, whoever used it."""
    wall_s: float

    @classmethod
    def read(cls, target: int, upstream: int) -> Clocks:
        return cls(
            cpu.cpu_s(target),
            cpu.cpu_s(upstream),
            cpu.waited_s(target),
            cpu.busy_s(machine.cores()[0]),
            time.monotonic(),
        )

    def until(self, later: Clocks) -> Clocks:
        return Clocks(*(getattr(later, one.name) - getattr(self, one.name) for one in fields(self)))

    @property
    def others(self) -> float:
        """Its threads wait for each other too, and others may use what it leaves idle: the smaller counts."""
        return max(0.0, min(self.waited_s, self.core_s - self.target_s)) / max(self.wall_s, 0.001)


class LoadFailed(RuntimeError):
    """The load generator itself did not come through."""


def run(target: Target, load: Load, upstream_pid: int) -> Run:
    """Raises LoadFailed."""
    before = Clocks.read(target.pid, upstream_pid)
    done = subprocess.run(_command(target, load), capture_output=True, text=True, check=False)
    used = before.until(Clocks.read(target.pid, upstream_pid))
    if done.returncode:
        raise LoadFailed(f"{target.name}: {done.stderr.strip() or done.returncode}")
    found = parsed(json.loads(done.stdout), used)
    target.turn = found.turn or target.turn + found.total
    return found


def parsed(said: dict[str, object], used: Clocks) -> Run:
    """From the load generator's JSON."""
    number = {name: value for name, value in said.items() if isinstance(value, int | float)}
    values = said.get("header")
    return Run(
        rps=float(number["rps"]),
        total=int(number["total"]),
        bad=int(number["err_status"] + number["err_socket"]),
        latency=_latency(said.get("latency")),
        ttft=_latency(said.get("ttft")),
        transit=_latency(said.get("transit")),
        chunks_s=float(number.get("chunks_s", 0.0)),
        chunks=int(number.get("chunks_total", number.get("chunks", 0))),
        cpu_s=used.target_s,
        core_busy=(number.get("own_cpu_s", 0.0) + used.upstream_s) / max(used.wall_s, 0.001),
        others=used.others,
        turn=int(number.get("turn", 0)),
        sample=str(said.get("sample", "")),
        by_fallback={str(k): int(v) for k, v in values.items()} if isinstance(values, dict) else {},
    )


def _latency(said: object) -> Latency:
    return Latency(said["p50"], said["p99"]) if isinstance(said, dict) and said.get("n") else Latency()


def _command(target: Target, load: Load) -> list[str]:
    work, options = target.workload, ["-c", str(load.connections), "-d", str(load.seconds), "-w", str(load.warm_s)]
    options += ["-m", str(load.route), "-C", COUNTED]
    options += ["-r", str(load.rate)] if load.rate else []
    options += ["-s", "-u"] if load.stream else []
    options += [part for one in target.headers for part in ("-H", one)]
    if work.bodies is not None and not load.stream:
        options += ["-B", str(work.bodies), "-o", str(target.turn)]
        options += ["-q", str(work.sequence)] if work.sequence else []
        options += ["-n", str(target.turn)] if work.new else []
    command = [*tools.command("loadgen"), *options, target.url(load.route)]
    return machine.on_other_core(*command, real_time_wanted=True)
