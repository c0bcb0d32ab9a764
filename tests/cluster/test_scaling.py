"""The HorizontalPodAutoscaler of routing: load brings pods, and the new ones get their share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.support.figures import Note
from tests.cluster.support.kube import Kube, Refused, is_ready, name_of, until
from tests.cluster.support.load import Edge, Load
from tests.cluster.support.release import Release

SCALED = {
    "services": {
        "routing": {
            "autoscaling": {
                "enabled": True,
                "minReplicas": 1,
                "maxReplicas": 3,
                "targetCPUUtilizationPercentage": 50,
            },
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        }
    }
}
SCALES_S = 240.0


def decisions(kube: Kube, pod: str) -> float:
    """How often that pod was asked."""
    lines = kube.page(pod, 50061, "/metrics").splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("routeiq_routing_decisions_total"))


@contextmanager
def scaled(release: Release, kube: Kube) -> Iterator[None]:
    """While an autoscaler decides how many pods routing has; then the chart does again, as the guide says: the
    autoscaler goes first, because it might choose a number between helm's and its own end."""
    with release.changed(SCALED, "--force-conflicts"):
        try:
            yield
        finally:
            kube("delete", "hpa", release.component("routing"))


@pytest.mark.timeout(1200)
def test_load_brings_pods_that_get_their_share(release: Release, kube: Kube, edge: Edge, note: Note) -> None:
    try:
        kube("get", "--raw", "/apis/metrics.k8s.io/v1beta1")
    except Refused:
        pytest.skip("the cluster has no metrics server")
    with scaled(release, kube):
        release.wait_rolled("routing")
        until(lambda: len(kube.pods("routing")) == 1, 400, "the autoscaler begins with one pod")
        first = {name_of(pod) for pod in kube.pods("routing")}
        load = Load(edge, asking=16, streaming=2, pause_s=0.0)
        with load.running() as seen:
            until(lambda: len(kube.pods("routing")) > 1, SCALES_S, "more pods")
            until(lambda: all(map(is_ready, kube.pods("routing"))), 120, "the new pods are ready")
            new = {name_of(pod) for pod in kube.pods("routing")} - first
            until(lambda: all(decisions(kube, pod) > 0 for pod in new), 30, f"{new} are asked")
    note(seen, new)
    assert (seen.failed, seen.cut) == ([], [])
