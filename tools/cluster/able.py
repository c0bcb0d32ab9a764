"""Whether this machine lets a cluster be made at all: asked before minutes are spent on building one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.cluster import cgroups, packages, processes
from tools.cluster.errors import ClusterError

PROBE = "routeiq-probe"
_FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward"
_OVERLAY = "mkdir low up work all && mount -t overlay overlay -o lowerdir=low,upperdir=up,workdir=work all"


def require(state: Path) -> None:
    """Args: state: where the cluster's images and containers are to be.  Raises: ClusterError: with every reason."""
    found = list(hindrances(state))
    if found:
        raise ClusterError("\n".join(found))


def hindrances(state: Path) -> Iterator[str]:
    """What stands in the way; the rest is not tried where there is no root."""
    try:
        packages.require_root()
    except ClusterError as reason:
        yield str(reason)
        return
    tries: tuple[tuple[str, Callable[[], object]], ...] = (
        ("namespaces of its own", lambda: processes.run(["unshare", "--mount", "--net", "sh", "-c", _FORWARD])),
        ("containers' file systems", lambda: _mount(state)),
        ("cgroups", _limit),
    )
    for what, attempt in tries:
        try:
            attempt()
        except (ClusterError, OSError) as reason:
            yield f"This machine lets nobody make {what}, which a cluster needs: {reason}"


def _mount(state: Path) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state.parent, prefix=PROBE) as folder:
        processes.run(["unshare", "--mount", "sh", "-c", f"cd {folder} && {_OVERLAY}"])


def _limit() -> None:
    for top in cgroups.trees():
        (top / PROBE).mkdir(exist_ok=True)
        (top / PROBE).rmdir()
