"""From nothing to a cluster, and back to nothing.

`up` goes in the order in which the parts need each other. `down` asks nobody: it kills what is in the cluster's
cgroups, unmounts what is below its folder, and removes both with the network namespace. So it works after a crash,
half of an `up`, or a second `down`, and an `up` begins with one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import kube_tools
from tools.cluster import (
    able,
    addons,
    cgroups,
    containerd,
    control_plane,
    crds,
    images,
    keeper,
    network,
    node,
    packages,
    pki,
    processes,
    programs,
)
from tools.cluster.layout import Layout
from tools.cluster.steps import Steps


def prepare(layout: Layout, steps: Steps) -> Path:
    """All that needs the internet. Returns: the folder of the programs. Raises: ClusterError: it would be in vain."""
    able.require(layout.state)
    with steps.step("Debian packages"):
        packages.ensure(packages.FOR_THE_CLUSTER)
    with steps.step("helm, kubectl"):
        kube_tools.ensure()
    with steps.step("programs (Go)"):
        built = programs.ensure(layout.cache)
    with steps.step("images of the cluster itself"):
        images.ensure(built)
    with steps.step("kinds of operators (Go modules)"):
        crds.ensure(layout.cache)
    return built


def up(layout: Layout, built: Path, steps: Steps) -> None:
    """Returns when the node is Ready and DNS answers; this process is in the cluster's network then.

    Args: built: what `prepare` returned.
    """
    with steps.step("remove an earlier cluster"):
        down(layout)
    _forget_logs(layout)
    layout.make()
    with steps.step("certificates"):
        pki.create(layout.pki)
    with steps.step("network and cgroups"):
        cgroups.create(layout.name)
        network.create(layout)
    with steps.step("containerd and images"):
        containerd.start(layout)
        containerd.import_images(layout, images.ensure(built))
    _start_kubernetes(layout, built / "rqkube", steps)
    with steps.step("policies, ingress, volumes, metrics"):
        addons.apply(layout)
        keeper.start(layout)
    with steps.step("kinds of operators"):
        crds.apply(layout)
    with steps.step("DNS"):
        addons.wait_for_dns(layout)


def _start_kubernetes(layout: Layout, rqkube: Path, steps: Steps) -> None:
    with steps.step("etcd"):
        control_plane.start_etcd(layout, rqkube)
    with steps.step("API server, controllers, scheduler"):
        control_plane.start_api(layout, rqkube)
        control_plane.start_controllers(layout, rqkube)
    with steps.step("node Ready"):
        node.start_kubelet(layout, rqkube)
    with steps.step("kube-proxy"):
        node.start_proxy(layout, rqkube)


def down(layout: Layout) -> None:
    """Raises: ClusterError: something would not go. Whatever did is gone, and another try may do."""
    packages.require_root()
    cgroups.kill(layout.name)
    unmount_below(layout.state)
    network.remove(layout)
    cgroups.remove(layout.name)
    _keep_pod_logs(layout)
    containerd.remove_leftovers(layout)
    node.remove_leftovers(layout)
    shutil.rmtree(layout.state, ignore_errors=True)


def mounts_below(folder: Path, mountinfo: str) -> list[str]:
    """The innermost first."""
    points = [line.split()[4] for line in mountinfo.splitlines()]
    plain = [point.encode().decode("unicode_escape") for point in points]  # a space is written \\040
    return sorted((point for point in plain if point.startswith(f"{folder}/")), reverse=True)


def unmount_below(folder: Path) -> None:
    """Lazily: what a process that dies still holds goes with it."""
    for point in mounts_below(folder, Path("/proc/self/mountinfo").read_text()):
        processes.run(["umount", "--lazy", point])


def _forget_logs(layout: Layout) -> None:
    shutil.rmtree(layout.logs, ignore_errors=True)


def _keep_pod_logs(layout: Layout) -> None:
    """What the pods wrote, where the other logs are."""
    written = layout.state / "pod-logs"
    if written.is_dir():
        shutil.copytree(written, layout.logs / "pods", dirs_exist_ok=True)
