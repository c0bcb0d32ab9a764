"""The network namespace that the whole cluster lives in, with the bridge that its pods hang on.

Nothing of the cluster can be reached from outside it, and from within nothing of the machine's network can. Whoever
wants to talk to the cluster goes in: `enter()` moves this process, and with it what it starts from then on.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import BRIDGE, NODE_ADDRESS, POD_RANGE, Layout
from tools.cluster.processes import run

NAMESPACES = Path("/run/netns")
CLONE_NEWNET = 0x40000000
SETTINGS = {
    "ipv4/ip_forward": "1",
    # Pods share one bridge: only thus do services (NAT) and network policies see what one says to another.
    "bridge/bridge-nf-call-iptables": "1",
    "ipv4/conf/all/route_localnet": "1",
}


def exists(layout: Layout) -> bool:
    return (NAMESPACES / layout.name).exists()


def create(layout: Layout) -> None:
    """Make it, and go in."""
    run(["ip", "netns", "add", layout.name])
    enter(layout)
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{NODE_ADDRESS}/{POD_RANGE.partition('/')[2]}", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    # The kubelet and the API server want to know the node's address, which they look for by the default route.
    run(["ip", "route", "add", "default", "dev", BRIDGE])
    for name, value in SETTINGS.items():
        (Path("/proc/sys/net") / name).write_text(value)


def enter(layout: Layout) -> None:
    """Move this thread into the namespace; what it starts afterwards is there too. There is no way back."""
    if not exists(layout):
        raise ClusterError("There is no cluster: `python -m tools.cluster up` makes one.")
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(NAMESPACES / layout.name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(namespace, CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise ClusterError(f"The cluster's network namespace cannot be entered: {reason}. Only root may.")
    finally:
        os.close(namespace)


def remove(layout: Layout) -> None:
    if exists(layout):
        run(["ip", "netns", "delete", layout.name])
