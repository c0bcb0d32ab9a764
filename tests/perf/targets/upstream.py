"""The mock upstream, and asking it directly: what everything else is compared with."""

from __future__ import annotations

from tests.perf import machine, tools
from tests.perf.children import Child, Children
from tests.perf.targets.target import Phase, Ports, Route, Target, Workload
from tests.support.ports import free_port

CHUNKS_PER_S = 200
BEHAVIOUR = {
    Route.PLAIN: "",
    Route.STREAM: f":ttft_us=5000,gap_us={1_000_000 // CHUNKS_PER_S},chunks=400",
    Route.FIRST: ":ttft_us=5000,gap_us=5000,chunks=4",
}


def start(children: Children) -> tuple[Child, Ports]:
    """One process, one port for each behaviour."""
    ports = {route: free_port() for route in Route}
    specs = [f"{ports[route]}{behaviour}" for route, behaviour in BEHAVIOUR.items()]
    command = machine.on_other_core(*tools.command("mock_upstream"), *specs, real_time_wanted=True)
    child = children.start("upstream", command)
    for port in ports.values():
        child.wait_port(port)
    return child, ports


def direct(child: Child, ports: Ports) -> Target:
    return Target("direct", ports, child.pid)


def direct_long(child: Child, ports: Ports, workload: Workload) -> Target:
    return Target("direct, 100 KiB", ports, child.pid, (Phase.SLOW,), workload=workload)
