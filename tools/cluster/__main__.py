"""`python -m tools.cluster COMMAND`: a real Kubernetes on this machine, in a network of its own. Root only.

up | down | status          make it, end it, look at it
able                        whether this machine lets one be made, or why not
kubectl ... | helm ...      those programs against it
run PROGRAM ...             any program, in its network and with its KUBECONFIG: pytest, curl, a shell
images [ARCHIVE ...]        put images into it (as `docker save` writes them); without any, list them
logs                        where its logs are, and what is not well in it
e2e [PYTEST ARGUMENT ...]   all of it, with the tests of tests/cluster; `make e2e-cluster`
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.cluster import able, containerd, diagnosis, e2e, kubectl, lifecycle, network, processes
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout, layout
from tools.cluster.steps import Steps

Command = Callable[[Layout, list[str]], int]


def main() -> int:
    name, *arguments = sys.argv[1:] or ["help"]
    command = COMMANDS.get(name)
    if command is None:
        print(__doc__)
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        return command(layout(), arguments)
    except ClusterError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(layout: Layout, arguments: list[str]) -> int:
    steps = Steps()
    lifecycle.up(layout, lifecycle.prepare(layout, steps), steps)
    print(steps.table())
    return 0


def _able(layout: Layout, arguments: list[str]) -> int:
    able.require(layout.state)
    return 0


def _down(layout: Layout, arguments: list[str]) -> int:
    lifecycle.down(layout)
    return 0


def _status(layout: Layout, arguments: list[str]) -> int:
    """Returns: 1 if a program has ended that should run, or there is no cluster."""
    found = processes.programs(layout)
    for program in found:
        memory = "has ended" if program.rss_mib is None else f"{program.rss_mib} MiB"
        print(f"{program.name:<26} pid {program.pid:<8} {memory}")
    network.enter(layout)
    kubectl.execute(layout, ["kubectl", "get", "nodes,pods", "--all-namespaces", "-o", "wide"])
    return 0 if found and all(program.rss_mib is not None for program in found) else 1


def _inside(program: str | None) -> Command:
    def run(layout: Layout, arguments: list[str]) -> int:
        network.enter(layout)
        return kubectl.execute(layout, [program, *arguments] if program else arguments)

    return run


def _images(layout: Layout, arguments: list[str]) -> int:
    network.enter(layout)  # says so if there is no cluster
    containerd.import_images(layout, [Path(name) for name in arguments])
    print("\n".join(containerd.image_names(layout)))
    return 0


def _logs(layout: Layout, arguments: list[str]) -> int:
    print(f"Logs: {layout.logs}; of pods while it runs: {layout.state / 'pod-logs'}\n")
    network.enter(layout)
    print(diagnosis.report(kubectl.environment(layout), *diagnosis.EVERYWHERE))
    return 0


COMMANDS: dict[str, Command] = {
    "up": _up,
    "able": _able,
    "down": _down,
    "status": _status,
    "kubectl": _inside("kubectl"),
    "helm": _inside("helm"),
    "run": _inside(None),
    "images": _images,
    "logs": _logs,
    "e2e": e2e.main,
}

if __name__ == "__main__":
    sys.exit(main())
