"""The API server's word on documents that are not applied: strict, so that an unknown field is an error."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from tests.cluster.support.kube import Document, Kube

OF_OTHERS = {"HTTPRoute", "ServiceMonitor", "ExternalSecret", "ScaledObject"}


def of_kubernetes(kube: Kube, documents: Sequence[Document]) -> list[Document]:
    """Those whose kind the cluster knows; AssertionError: another one is missing than those that operators bring."""
    known = _kinds(kube)
    ours = [one for one in documents if (one["apiVersion"], one["kind"]) in known]
    assert ours
    assert {one["kind"] for one in documents} - {one["kind"] for one in ours} <= OF_OTHERS, "not of Kubernetes itself"
    return ours


def dry_run(kube: Kube, documents: Sequence[Document]) -> subprocess.CompletedProcess[str]:
    """What kubectl said. An object of another namespace than `kube`'s is an error."""
    command = ["kubectl", "-n", kube.namespace, "apply", "--server-side", "--dry-run=server", "--validate=strict"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
    return subprocess.run(
        [*command, "-f", "-"], env=dict(kube.environ), input=text, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def _kinds(kube: Kube) -> set[tuple[str, str]]:
    """What the cluster knows, by version of the API and kind."""
    found = set()
    for group in json.loads(kube("get", "--raw", "/apis"))["groups"]:
        for version in group["versions"]:
            at = version["groupVersion"]
            found |= {(at, one["kind"]) for one in json.loads(kube("get", "--raw", f"/apis/{at}"))["resources"]}
    return found | {("v1", one["kind"]) for one in json.loads(kube("get", "--raw", "/api/v1"))["resources"]}
