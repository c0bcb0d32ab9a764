"""containerd, which runs the pods' containers, and images into it.

Debian's own program with a configuration of this cluster: its folders, its socket, its cgroups. Nothing is shared with
a containerd that the machine may run besides.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tools.cluster import processes
from tools.cluster.errors import ClusterError
from tools.cluster.layout import BRIDGE, IMAGE_PREFIX, NODE_ADDRESS, POD_RANGE, Layout

GIB_OF_MEMORY = 8
CONFIG = """\
version = 2
root = {root}
state = {state}
[grpc]
  address = {socket}
[ttrpc]
  address = {ttrpc}
[plugins."io.containerd.internal.v1.opt"]
  path = {opt}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = {pause}
  restrict_oom_score_adj = true
  disable_apparmor = true
  # Pods serve ports below 1024 without being root, as on any cluster of today.
  enable_unprivileged_ports = true
  # Where the cluster's end finds them: below its own folder.
  netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = {cni}
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = {runc}
  SystemdCgroup = false
"""


def config(layout: Layout) -> str:
    folder = layout.state / "containerd"
    values = {
        "root": folder / "root",
        "state": folder / "state",
        "socket": layout.containerd_socket,
        "ttrpc": f"{layout.containerd_socket}.ttrpc",
        "opt": folder / "opt",
        "pause": f"{IMAGE_PREFIX}pause:1",
        "cni": folder / "cni",
        "runc": folder / "runc",
    }
    return CONFIG.format(**{name: json.dumps(str(value)) for name, value in values.items()})


def pod_network(layout: Layout) -> dict[str, object]:
    """A bridge with host-local addresses. No masquerading: there is nothing outside to go to."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": POD_RANGE, "gateway": NODE_ADDRESS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(layout.state / "containerd" / "addresses"),
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": "0.4.0", "name": layout.name, "plugins": [{**bridge, "ipam": addresses}, ports]}


def start(layout: Layout) -> None:
    folder = layout.state / "containerd"
    _keep_in_memory(folder)
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(pod_network(layout)))
    (folder / "config.toml").write_text(config(layout))
    process = processes.start(layout, "containerd", ["containerd", "--config", folder / "config.toml"])
    processes.wait_for("containerd", lambda: _answers(layout), 30, process, layout.logs / "containerd.log")


def import_images(layout: Layout, archives: list[Path]) -> None:
    """Archives as `docker save` writes them. Containerd needs no network for it: any namespace will do."""
    for archive in archives:
        processes.run(_ctr(layout, "images", "import", str(archive)))


def image_names(layout: Layout) -> list[str]:
    names = processes.run(_ctr(layout, "images", "list", "-q")).split()
    return [name for name in names if not name.startswith("sha256:") and "@" not in name]


def remove_leftovers(layout: Layout) -> None:
    """What the network plugins keep outside the cluster's folder, and sockets that no shim listens on any more."""
    results = Path("/var/lib/cni/results")
    for file in results.glob(f"{layout.name}-*-eth0"):
        sandbox = file.name.removeprefix(f"{layout.name}-").removesuffix("-eth0")
        file.unlink(missing_ok=True)
        (results / f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
    for path in Path("/run/containerd/s").glob("*"):
        if path.is_socket() and _is_dead(path):
            path.unlink(missing_ok=True)


def _is_dead(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _keep_in_memory(folder: Path) -> None:
    """Images are half of a cluster's time otherwise: unpacked at its beginning, removed at its end.

    Volumes of pods are not in here. What a pod writes into memory would count against its limit.
    """
    folder.mkdir(exist_ok=True)
    if _available_gib() >= GIB_OF_MEMORY:
        processes.run(["mount", "-t", "tmpfs", "-o", f"mode=711,size={GIB_OF_MEMORY}g", "tmpfs", folder])


def _available_gib() -> int:
    """Memory that could be had without anybody's being put out."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) >> 20


def _answers(layout: Layout) -> bool:
    try:
        processes.run(_ctr(layout, "version"))
    except ClusterError:
        return False
    return True


def _ctr(layout: Layout, *arguments: str) -> list[str]:
    return ["ctr", "--address", str(layout.containerd_socket), "--namespace", "k8s.io", *arguments]
