"""Where the cluster keeps what, and the names and addresses it goes by. Touches nothing.

A second cluster may run beside the first under another name (`ROUTEIQ_CLUSTER`): addresses repeat, since each is in a
network namespace of its own.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.errors import ClusterError

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

NODE = "node"
BRIDGE = "pods0"
NODE_ADDRESS = "10.244.0.1"  # the bridge: the node for its pods, and the pods' way out
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
API_URL = "https://127.0.0.1:6443"
ETCD_URL = "http://127.0.0.1:2379"
INGRESS_ADDRESS = "127.0.0.1:8000"
IMAGE_PREFIX = "localhost/cluster-"  # of the cluster's own images


@dataclass(frozen=True)
class Layout:
    """One cluster's folders. `state` goes away with the cluster, `logs` stay in the checkout, `cache` is the user's."""

    name: str
    state: Path
    logs: Path
    cache: Path

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        return self.pki / "admin.kubeconfig"

    @property
    def containerd_socket(self) -> Path:
        return self.state / "containerd.sock"

    @property
    def volumes(self) -> Path:
        return self.state / "volumes"

    @property
    def ingress(self) -> Path:
        return self.state / "ingress"

    @property
    def programs(self) -> Path:
        """Pids of what was started, a file each."""
        return self.state / "programs"

    def make(self) -> None:
        self.state.mkdir(parents=True, mode=0o711, exist_ok=True)
        for folder in (self.pki, self.volumes, self.ingress, self.programs, self.logs, self.cache):
            folder.mkdir(parents=True, exist_ok=True)


def layout() -> Layout:
    name = "routeiq" + (f"-{other}" if (other := os.environ.get("ROUTEIQ_CLUSTER", "")) else "")
    if not re.fullmatch("[a-z][a-z0-9-]*", name):  # it names a cgroup in which everything gets killed
        raise ClusterError("ROUTEIQ_CLUSTER has to be of small letters, digits and hyphens.")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    logs = CHECKOUT / "build" / "cluster" / f"logs{name.removeprefix('routeiq')}"
    return Layout(name, Path("/var/lib/routeiq-cluster") / name, logs, Path(cache) / "routeiq" / "cluster")


def tools_path() -> str:
    """PATH with the checkout's helm and kubectl first, then this Python's, then where Debian puts what root runs."""
    own = (CHECKOUT / "build" / "bin", Path(sys.executable).parent)
    return os.pathsep.join([*map(str, own), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
