"""`make soak`: DURATION seconds (600) of mixed traffic at RATE a second (60) while upstreams and routing are killed.

Exit status 1: the gateway grew, crashed, hung, or gave an answer that nothing explains.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.perf import cpu
from tests.perf.children import Children
from tests.perf.soak.judgement import Verdict
from tests.perf.soak.slope import Point, fit
from tests.perf.soak.traffic import Tally, Traffic
from tests.perf.soak.world import World, black_hole, resetter

SETTLE_S = 5.0
WARM_SHARE = 0.25
"""Of the run is not judged: caches fill, pools open, the allocator finds its size."""
RSS_FLOOR_MIB, FILES_FLOOR = 30.0, 30.0
"""An hour: below them a slope is noise, however steady."""
FAULT_EVERY_S, FAULT_LASTS_S = 20.0, 4.0


@dataclass
class Samples:
    """Of the gateway, one a second."""

    rss_mib: list[Point] = field(default_factory=list)
    files: list[Point] = field(default_factory=list)

    async def take(self, pid: int) -> None:
        """Until cancelled, or the process is gone."""
        begun = time.monotonic()
        while cpu.alive(pid):
            at = time.monotonic() - begun
            self.rss_mib.append((at, cpu.rss_mib(pid)))
            self.files.append((at, float(cpu.open_files(pid))))
            await asyncio.sleep(1.0)


async def disturb(world: World) -> None:
    """Kill and restart in turn, for ever."""
    while True:
        for name in ("routing", "fragile"):
            await asyncio.sleep(FAULT_EVERY_S - FAULT_LASTS_S)
            world.kill(name)
            await asyncio.sleep(FAULT_LASTS_S)
            await asyncio.to_thread(world.back, name)
            print(f"{name} was killed and is back", file=sys.stderr, flush=True)


async def soak(world: World, seconds: float, rate: float) -> tuple[Tally, Samples]:
    """The traffic with everything that goes wrong beside it."""
    traffic, samples = Traffic(world, rate, seconds), Samples()
    hole = await asyncio.start_server(black_hole, "127.0.0.1", world.ports["hole"])
    reset = await asyncio.start_server(resetter, "127.0.0.1", world.ports["reset"])
    async with hole, reset:
        beside = [asyncio.create_task(disturb(world)), asyncio.create_task(samples.take(world.gateway.pid))]
        await traffic.run()
        for task in beside:
            task.cancel()
        failed = [one for one in await asyncio.gather(*beside, return_exceptions=True) if isinstance(one, Exception)]
        await asyncio.sleep(SETTLE_S)
    if failed:
        raise ExceptionGroup("the soak itself failed", failed)
    return traffic.tally, samples


def slopes(samples: Samples, seconds: float) -> list[str]:
    """What is said of growth; lines that begin with "FAIL" fail the run."""
    lines = []
    named = (("RSS, MiB", samples.rss_mib, RSS_FLOOR_MIB), ("open files", samples.files, FILES_FLOOR))
    for name, points, floor in named:
        judged = [point for point in points if point[0] >= seconds * WARM_SHARE]
        if len(judged) < 3:
            lines.append(f"FAIL  {name}: {len(judged)} samples only")
            continue
        slope = fit(judged)
        said = f"{name}: {judged[0][1]:.0f} -> {judged[-1][1]:.0f}, {slope.per_hour:+.1f} an hour (z {slope.z:+.1f})"
        lines.append(f"{'FAIL' if slope.grows(floor) else 'ok  '}  {said}")
    return lines


def after(world: World, idle_files: int) -> list[str]:
    """Whether everything was let go, and whether the gateway ends as it should."""
    alive = world.gateway.alive
    left = cpu.open_files(world.gateway.pid) if alive else 0
    calls = world.open_calls("steady")
    begun, status = time.monotonic(), world.gateway.stop()
    return [
        f"{'ok  ' if alive else 'FAIL'}  the gateway lived to the end",
        f"{'ok  ' if calls == 0 else 'FAIL'}  calls still open at the upstream: {calls}",
        f"ok    open files: {idle_files} at the start, {left} after",
        f"{'FAIL' if alive and status else 'ok  '}  stopped with status {status} in {time.monotonic() - begun:.1f} s",
    ]


def answers(tally: Tally) -> list[str]:
    """Counts by kind, then what nobody can explain."""
    lines = [f"{'kind':<24}{'right':>8}{'expected':>10}{'unexplained':>13}{'hang':>6}  as"]
    for name, found in sorted(tally.verdicts.items()):
        shapes = ", ".join(f"{shape} x{count}" for shape, count in tally.shapes[name].most_common(4))
        cells = (found[one] for one in (Verdict.RIGHT, Verdict.EXPECTED, Verdict.UNEXPLAINED, Verdict.HANG))
        lines.append("{:<24}{:>8}{:>10}{:>13}{:>6}  {}".format(name, *cells, shapes))
    bad = tally.count(Verdict.UNEXPLAINED) + tally.count(Verdict.HANG)
    return [*lines, *tally.kept, f"{'FAIL' if bad else 'ok  '}  answers that nothing explains, and hangs: {bad}"]


def main() -> int:
    seconds, rate = float(os.environ.get("DURATION") or 600), float(os.environ.get("RATE") or 60)
    with tempfile.TemporaryDirectory(prefix="routeiq-soak-") as folder, Children(Path(folder)) as children:
        world = World(children)
        world.start()
        idle = cpu.open_files(world.gateway.pid)
        tally, samples = asyncio.run(soak(world, seconds, rate))
        lines = [*answers(tally), *slopes(samples, seconds), *after(world, idle)]
        print(*lines, sep="\n")
        failed = any(line.startswith("FAIL") for line in lines)
        if failed and "KEEP_LOG" in os.environ:
            Path(os.environ["KEEP_LOG"]).write_bytes(world.gateway.log.read_bytes())
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
