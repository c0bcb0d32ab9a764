"""The API server's word on documents that are not applied: strict, so that an unknown field is an error."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from tests.cluster.support.kube import Document, Kube
from tests.support.target import Target

OF_OPERATORS = {"HTTPRoute", "ServiceMonitor", "ExternalSecret", "ScaledObject"}


def known(target: Target, kube: Kube, documents: Sequence[Document]) -> list[Document]:
    """Those whose kind the cluster knows. On our own it is all of them; elsewhere the operators' kinds may lack.

    Raises: AssertionError: another one lacks."""
    kinds = _kinds(kube)
    taken = [one for one in documents if (one["apiVersion"], one["kind"]) in kinds]
    assert taken
    unknown = {one["kind"] for one in documents} - {one["kind"] for one in taken}
    assert unknown <= (set() if target.hermetic else OF_OPERATORS), "not known to the cluster"
    return taken


def dry_run(kube: Kube, documents: Sequence[Document]) -> subprocess.CompletedProcess[str]:
    """What kubectl said. An object of another namespace than `kube`'s is an error."""
    command = ["kubectl", "-n", kube.namespace, "apply", "--server-side", "--dry-run=server", "--validate=strict"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [_of_any_class(one) for one in documents]})
    return subprocess.run(
        [*command, "-f", "-"], env=dict(kube.environ), input=text, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


def _of_any_class(document: Document) -> Document:
    """A pod's class of priority has to be there, and is the whole cluster's; of what makes pods nobody asks for it."""
    if document["kind"] != "Pod":
        return document
    return {
        **document,
        "spec": {name: value for name, value in document["spec"].items() if name != "priorityClassName"},
    }


def _kinds(kube: Kube) -> set[tuple[str, str]]:
    """What the cluster knows, by version of the API and kind."""
    found = set()
    for group in json.loads(kube("get", "--raw", "/apis"))["groups"]:
        for version in group["versions"]:
            at = version["groupVersion"]
            found |= {(at, one["kind"]) for one in json.loads(kube("get", "--raw", f"/apis/{at}"))["resources"]}
    return found | {("v1", one["kind"]) for one in json.loads(kube("get", "--raw", "/api/v1"))["resources"]}
