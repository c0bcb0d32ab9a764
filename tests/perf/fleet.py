"""Everything that one benchmark runs beside each other: the upstream, the sink of spans, each target."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.perf import machine, prompts, tools, zipf
from tests.perf.children import Child, Children, NotStarted
from tests.perf.goals import BILLED, INTERPRETED, KEYED, ROUTED
from tests.perf.targets import governed, nginx, peers, upstream
from tests.perf.targets.nginx import Unavailable
from tests.perf.targets.routeiq import Suite, Tracing
from tests.perf.targets.target import UNARY, Left, Phase, Ports, Target, Workload
from tests.support.ports import free_port

PROMPTS = 10_000
ZIPF_S = 1.1
DRAWN = 1_000_000
DECISION_CACHE = 4096
WARM_S = 5.0
"""Enough for an interpreter to specialise; Zipf needs its caches filled besides."""
NEW, LONG = "RouteIQ auto, new", "RouteIQ 100 KiB"


@dataclass
class Fleet:
    """The targets in the order in which a round takes them."""

    upstream: Child
    sink_file: Path | None
    targets: list[Target] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def keep(self, names: Sequence[str]) -> None:
        """Only rows whose name contains one of these, and the baselines; all when none is given."""
        if names:
            wanted = [one for one in self.targets if any(name.lower() in one.name.lower() for name in names)]
            bases = {one.baseline for one in wanted}
            self.targets = [one for one in self.targets if one in wanted or one.name in bases]

    def versions(self) -> dict[str, str]:
        """By row, where it is known."""
        return {target.name: target.version for target in self.targets if target.version}

    def spans(self) -> int | None:
        """How many came to the sink; None: there is none."""
        return int(self.sink_file.read_text()) if self.sink_file else None

    def add(self, name: str, start: Callable[[], Target]) -> None:
        """Start a row, or say why it is left out."""
        try:
            self.targets.append(start())
        except (Unavailable, NotStarted) as error:
            self.left.append(Left(name, str(error)))
            print(f"left out: {name}: {error}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Workloads:
    """The files that the load generator reads."""

    zipf: Workload
    new: Workload
    long: Workload

    @classmethod
    def write(cls, folder: Path) -> Workloads:
        texts = prompts.extended(prompts.real_prompts(), PROMPTS)
        files = {name: folder / name for name in ("zipf.jsonl", "zipf.seq", "new.jsonl", "long.jsonl")}
        files["zipf.jsonl"].write_bytes(prompts.bodies("auto", texts))
        files["zipf.seq"].write_bytes(zipf.packed(zipf.draw(PROMPTS, ZIPF_S, DRAWN)))
        files["new.jsonl"].write_bytes(prompts.bodies("auto", texts, new=True))
        files["long.jsonl"].write_bytes(prompts.long_body("bench", texts))
        return cls(
            Workload(files["zipf.jsonl"], files["zipf.seq"]),
            Workload(files["new.jsonl"], new=True),
            Workload(files["long.jsonl"]),
        )


def start_fleet(children: Children, *, warm_s: float, tracing: float, all_peers: bool) -> Fleet:
    """Start everything. Raises NotStarted: the upstream or the sink, without which nothing can be measured."""
    child, ports = upstream.start(children)
    sink_file, traced = start_sink(children, tracing)
    fleet = Fleet(child, sink_file)
    work = Workloads.write(children.folder)
    fleet.targets += [upstream.direct(child, ports), upstream.direct_long(child, ports, work.long)]
    _start_nginx(fleet, children, ports, work)
    if all_peers:
        fleet.add("Envoy", lambda: peers.envoy(children, ports))
        fleet.add("LiteLLM", lambda: peers.litellm(children, ports))
    compiled = tools.compiled()
    if compiled.lacking:
        fleet.left.append(Left("RouteIQ compiled", compiled.lacking))
    _start_ours(fleet, Suite(children, ports, traced, tree=compiled.tree), work, warm_s)
    return fleet


def _start_nginx(fleet: Fleet, children: Children, ports: Ports, work: Workloads) -> None:
    try:
        child, own = nginx.start(children, ports)
    except (Unavailable, NotStarted) as error:
        fleet.left.append(Left("nginx", str(error)))
        return
    fleet.targets += [nginx.plain(child, own), nginx.long(child, own, work.long)]


def _start_ours(fleet: Fleet, suite: Suite, work: Workloads, warm_s: float) -> None:
    def routed(name: str, workload: Workload, warm: float) -> Target:
        target = suite.target(name, routed=True, workload=workload)
        target.phases, target.warm_s = UNARY, warm
        return target

    def long() -> Target:
        target = suite.target(LONG, workload=work.long)
        target.phases, target.baseline = (Phase.MAX, Phase.SLOW), "direct, 100 KiB"
        target.warm_s = min(warm_s, WARM_S)
        return target

    def keyed() -> Target:
        target = suite.target(KEYED)
        target.warm_s = min(warm_s, WARM_S)
        return target

    def interpreted() -> Target:
        target = suite.interpreted().target(INTERPRETED)
        target.phases, target.warm_s = (Phase.MAX, Phase.STREAMS), min(warm_s, WARM_S)
        return target

    def billed() -> Target:
        target = governed.start(suite, BILLED)
        target.warm_s = min(warm_s, WARM_S)
        return target

    fleet.add(KEYED, keyed)
    fleet.add(BILLED, billed)
    if suite.tree:
        fleet.add(INTERPRETED, interpreted)
    fleet.add(ROUTED, lambda: routed(ROUTED, work.zipf, warm_s))
    fleet.add(NEW, lambda: routed(NEW, work.new, min(warm_s, WARM_S)))
    fleet.add(LONG, long)
    ceiling = zipf.best_hit_rate(PROMPTS, ZIPF_S, DECISION_CACHE)
    fleet.notes[ROUTED] = f" (a perfect cache of {DECISION_CACHE:,}: {ceiling:.1%})"


def start_sink(children: Children, share: float) -> tuple[Path | None, Tracing | None]:
    """A collector that counts spans; none at a share of 0. Raises NotStarted."""
    if share <= 0:
        return None, None
    port, file = free_port(), children.folder / "spans"
    root = str(Path(__file__).resolve().parents[2])
    command = machine.on_other_core(sys.executable, "-m", "tests.perf.otlp_sink", str(port), str(file))
    paths = ":".join(one for one in (root, children.python_path) if one)
    children.start("otlp sink", command, {"PYTHONPATH": paths}).wait_port(port)
    return file, Tracing(f"http://127.0.0.1:{port}", share)
