"""The API server's own word on every rendered document: no unknown field, no warning of PodSecurity."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.support.kube import Kube, run
from tests.cluster.support.release import CHART

VALUES = sorted((Path(__file__).resolve().parents[1] / "deploy" / "values").glob("*.yaml"))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_api_server_takes_every_document_without_a_warning(values: Path, kube: Kube) -> None:
    rendered = run(["helm", "template", "dry", str(CHART), "-n", kube.namespace, "-f", str(values)], kube.environ)
    documents = [one for one in yaml.safe_load_all(rendered) if one]
    known = kinds(kube)
    ours = [one for one in documents if (one["apiVersion"], one["kind"]) in known]
    others = {one["kind"] for one in documents} - {one["kind"] for one in ours}
    assert ours
    assert others <= {"HTTPRoute", "ServiceMonitor", "ExternalSecret", "ScaledObject"}, "not of Kubernetes itself"
    said = dry_run(kube, ours)
    assert said.returncode == 0, said.stderr
    assert said.stderr.strip() == ""


def kinds(kube: Kube) -> set[tuple[str, str]]:
    """What the cluster knows, by version of the API and kind."""
    found = set()
    for group in json.loads(kube("get", "--raw", "/apis"))["groups"]:
        for version in group["versions"]:
            at = version["groupVersion"]
            found |= {(at, one["kind"]) for one in json.loads(kube("get", "--raw", f"/apis/{at}"))["resources"]}
    return found | {("v1", one["kind"]) for one in json.loads(kube("get", "--raw", "/api/v1"))["resources"]}


def dry_run(kube: Kube, documents: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", "-n", kube.namespace, "apply", "--server-side", "--dry-run=server", "--validate=strict"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
    return subprocess.run(
        [*command, "-f", "-"], env=dict(kube.environ), input=text, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
