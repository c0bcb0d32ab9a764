"""What Kubernetes itself does not bring and every cluster has: DNS, metrics, classes of ingress and storage."""

from __future__ import annotations

from tools.cluster import kubectl, processes
from tools.cluster.layout import HERE, Layout

MANIFESTS = HERE / "manifests"


def apply(layout: Layout) -> None:
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        kubectl.apply(layout, manifest)


def wait_for_dns(layout: Layout) -> None:
    """Metrics are not waited for: the first are there some twenty seconds later."""
    answering = ("-n", "kube-system", "get", "deployment", "coredns", "-o", "jsonpath={.status.readyReplicas}")
    processes.wait_for("DNS", lambda: kubectl.read(kubectl.environment(layout), *answering) == "1", 90)
