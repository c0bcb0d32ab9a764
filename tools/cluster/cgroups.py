"""The cluster's cgroups: the kubelet's pods hang below them, and so does every program that was started.

That makes the end simple and safe: whatever is in there belongs to the cluster, whoever its parent was, and nothing
else does. Both layouts are known: version 1 (a folder for each controller) and 2 (one tree).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from tools.cluster.errors import ClusterError

ROOT = Path("/sys/fs/cgroup")
PROGRAMS = "programs"
KILL_TIMEOUT_S = 15.0


def trees(root: Path = ROOT) -> list[Path]:
    """Each hierarchy's top. The first one is that in which programs are kept together."""
    if (root / "cgroup.controllers").exists():
        return [root]
    found = [top for top in sorted(root.iterdir()) if not top.is_symlink() and (top / "cgroup.procs").exists()]
    if not found:
        raise ClusterError(f"No cgroups below {root}: the kubelet needs them.")
    return sorted(found, key=lambda top: top.name != "pids")


def create(name: str, root: Path = ROOT) -> None:
    for top in trees(root):
        own = top / name
        own.mkdir(exist_ok=True)
        _inherit_cpus(top, own)
        _pass_controllers_on(top)
        _pass_controllers_on(own)
    (trees(root)[0] / name / PROGRAMS).mkdir(exist_ok=True)


def join(name: str, pid: int, root: Path = ROOT) -> None:
    """Put a program, and so what it starts from now on, among the cluster's."""
    (trees(root)[0] / name / PROGRAMS / "cgroup.procs").write_text(str(pid))


def members(name: str, root: Path = ROOT) -> set[int]:
    """Every process of the cluster: programs, shims, pods."""
    found: set[int] = set()
    for procs in (trees(root)[0] / name).rglob("cgroup.procs"):
        with contextlib.suppress(OSError):  # the cgroup went away meanwhile
            found.update(map(int, procs.read_text().split()))
    return found


def kill(name: str, root: Path = ROOT) -> None:
    """End all of them, at once and for good. Raises: ClusterError: some are still there after a while."""
    deadline = time.monotonic() + KILL_TIMEOUT_S
    while living := members(name, root):
        for pid in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise ClusterError(f"Processes that do not end: {sorted(living)}")
        time.sleep(0.05)


def remove(name: str, root: Path = ROOT) -> None:
    for top in trees(root):
        folders = [path for path in (top / name).rglob("*") if path.is_dir()]
        for folder in [*sorted(folders, reverse=True), top / name]:
            _remove_folder(folder)


def _remove_folder(folder: Path) -> None:
    """A cgroup is busy for a moment after its last process ended."""
    for _ in range(40):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ClusterError(f"{folder} cannot be removed")


def _inherit_cpus(parent: Path, child: Path) -> None:
    """Version 1: a cpuset starts empty, and takes no process then."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (child / "cgroup.controllers").exists() or not (child / name).exists():
            return
        (child / name).write_text((parent / name).read_text())


def _pass_controllers_on(folder: Path) -> None:
    """Version 2: a child has only the controllers that its parent passes on."""
    offered = folder / "cgroup.controllers"
    if not offered.exists():
        return
    for controller in offered.read_text().split():
        with contextlib.suppress(OSError):  # one that cannot be passed on here, which the kubelet then names
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")
