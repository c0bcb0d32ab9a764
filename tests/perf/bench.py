"""`make bench`: the gateway's hot path beside plain proxies, in one interleaved run.

ROUNDS, SECONDS, WARM, PEERS=all, CHECK=1, EXCLUSIVE=1, TRACING and ONLY (row names, comma-separated) come from the
environment.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.perf import machine, tools
from tests.perf.children import Children
from tests.perf.fleet import Fleet, start_fleet
from tests.perf.load import LoadFailed
from tests.perf.phases import Figures, Lengths, added, measure, warm
from tests.perf.report import goal_lines, routing_lines, table, version_lines, warnings
from tests.perf.summary import summarise
from tests.perf.targets.target import Target

OUT = Path(__file__).resolve().parents[2] / "bench" / "latest.json"


@dataclass(frozen=True)
class Options:
    """What the environment asks for."""

    rounds: int = 5
    seconds: float = 3.0
    warm_s: float = 60.0
    all_peers: bool = False
    check: bool = False
    tracing: float = 0.05
    only: tuple[str, ...] = ()

    @classmethod
    def read(cls, environ: dict[str, str]) -> Options:
        """Raises ValueError: a number that is none."""
        return cls(
            rounds=int(environ.get("ROUNDS") or 5),
            seconds=float(environ.get("SECONDS") or 3),
            warm_s=float(environ.get("WARM") or 60),
            all_peers=environ.get("PEERS") == "all",
            check=environ.get("CHECK") == "1",
            tracing=float(environ.get("TRACING") or 0.05),
            only=tuple(one.strip() for one in environ.get("ONLY", "").split(",") if one.strip()),
        )


def main() -> int:
    if not Path("/proc/self/schedstat").exists():
        print("make bench reads CPU time from Linux's /proc/*/schedstat, which is not here.", file=sys.stderr)
        return 2
    options = Options.read(dict(os.environ))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="routeiq-bench-") as folder, Children(Path(folder)) as children:
        fleet = start_fleet(children, warm_s=options.warm_s, tracing=options.tracing, all_peers=options.all_peers)
        fleet.keep(options.only)
        _warm(fleet)
        rounds = _rounds(fleet, options)
        spans = fleet.spans()
    good = _report(fleet, rounds, spans)
    _write(fleet, rounds, options, spans)
    print(f"\n{OUT.relative_to(OUT.parents[1])} written; {time.monotonic() - begun:.0f} s in all")
    return 1 if options.check and not good else 0


def _warm(fleet: Fleet) -> None:
    for target in fleet.targets:
        if target.warm_s:
            print(f"warming {target.name}: {target.warm_s:.0f} s", file=sys.stderr, flush=True)
            warm(target)


def _rounds(fleet: Fleet, options: Options) -> dict[str, list[Figures]]:
    """Targets take turns within each round, so that a change of the machine's mood meets all of them."""
    found: dict[str, list[Figures]] = {target.name: [] for target in fleet.targets}
    for number in range(options.rounds):
        this: dict[str, Figures] = {}
        for target in list(fleet.targets):
            print(f"round {number + 1}/{options.rounds}: {target.name}", file=sys.stderr, flush=True)
            figures = _measured(fleet, target, Lengths(options.seconds))
            this[target.name] = figures | added(figures, this.get(target.baseline, {}))
            found[target.name].append(this[target.name])
    return found


def _measured(fleet: Fleet, target: Target, lengths: Lengths) -> Figures:
    try:
        return measure(target, lengths, fleet.upstream.pid)
    except LoadFailed as error:
        print(f"{error}", file=sys.stderr)
        return {}


def _report(fleet: Fleet, rounds: dict[str, list[Figures]], spans: int | None) -> bool:
    lines, good = goal_lines(rounds)
    print(table(rounds), "", *version_lines(fleet.versions()), *routing_lines(rounds, fleet.notes), sep="\n")
    print("", "goals", *lines, "", sep="\n")
    print(*warnings(rounds, fleet.left, spans), sep="\n")
    if not tools.native():
        print("No C compiler: the Python load generator was used, which limits fast targets.")
    return good


def _write(fleet: Fleet, rounds: dict[str, list[Figures]], options: Options, spans: int | None) -> None:
    lines, _ = goal_lines(rounds)
    document = {
        "machine": machine.describe(),
        "options": vars(options),
        "versions": fleet.versions(),
        "left_out": {one.name: one.reason for one in fleet.left},
        "spans": spans,
        "medians": {name: {k: v.median for k, v in summarise(found).items()} for name, found in rounds.items()},
        "goals": [line.strip() for line in lines],
        "rounds": rounds,
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
