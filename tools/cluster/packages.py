"""What Debian has to have installed for the cluster; installed if it lacks and this is root.

Nothing that a package brings may start by itself: nginx would take port 80 of the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import tools_path

# The program by which a package is known to be there, and the package.
FOR_THE_CLUSTER = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "nginx": "nginx-light",
    "ip": "iproute2",
    "umount": "mount",
}
FOR_IMAGES = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}
START_RULE = Path("/usr/sbin/policy-rc.d")


def lacking(needed: Mapping[str, str]) -> list[str]:
    return [package for program, package in needed.items() if shutil.which(program, path=tools_path()) is None]


def ensure(needed: Mapping[str, str]) -> None:
    """Args: needed: program -> its package. Raises: ClusterError: one lacks, and cannot be installed from here."""
    wanted = lacking(needed)
    if not wanted:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ClusterError(f"These Debian packages are wanted: {' '.join(wanted)}. Install them, or run as root.")
    with _nothing_starts():
        if _install(wanted) != 0:
            _apt("update", "-q")
            if _install(wanted) != 0:
                raise ClusterError(f"apt-get could not install {' '.join(wanted)}; what it said is above.")


def require_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("Only root may make network namespaces, mounts and cgroups: run this as root (sudo).")


def _install(packages: list[str]) -> int:
    return _apt("install", "-q", "-y", "--no-install-recommends", *packages)


def _apt(*arguments: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", *arguments], env=environment, check=False).returncode


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """While this holds, Debian's packages do not start their services. A rule that is there already stays."""
    ours = not START_RULE.exists()
    if ours:
        START_RULE.write_text("#!/bin/sh\nexit 101\n")
        START_RULE.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            START_RULE.unlink(missing_ok=True)
