"""The chart as Kustomize can use it: rendered, without what only Helm knows.

- No namespace: an overlay says it. Where the chart writes it into a text, `$(POD_NAMESPACE)` stands, which Kubernetes
  resolves.
- No hooks: their jobs run beside the rest. What waits for them is not ready until they are done, which is enough.
- A job's name has no hash of its image, because an overlay chooses images: the job removes itself soon after its end
  instead, so that the next `kubectl apply` makes it anew and does not change one that cannot be changed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tools import kube_tools

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "routeiq"
RELEASE = "routeiq"
JOB_IS_KEPT_S = 300
_NAMESPACE = "namespace-of-the-release"
_HASH = re.compile(r"-[0-9a-f]{8}$")
Object = dict[str, Any]


class NamespaceLeft(Exception):
    """The chart says the namespace where an overlay could not change it."""


def render(values: Iterable[Path]) -> list[Object]:
    """The objects, in the chart's order. Args: values: files, the later ones over the earlier.
    Raises: NamespaceLeft; CalledProcessError: helm has refused them, and said why."""
    given = [argument for file in values for argument in ("-f", str(file))]
    command = [kube_tools.ensure() / "helm", "template", RELEASE, CHART, "--namespace", _NAMESPACE, *given]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [without_helm(one) for one in yaml.safe_load_all(text) if one]


def without_helm(one: Object) -> Object:
    one["metadata"] = _metadata(one["metadata"])
    if one["kind"] == "Job":
        one["metadata"]["name"] = _HASH.sub("", one["metadata"]["name"])
        one["spec"]["ttlSecondsAfterFinished"] = JOB_IS_KEPT_S
    for subject in one.get("subjects", ()):
        del subject["namespace"]
    for container in one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        for variable in container.get("env", ()):
            if "value" in variable:
                variable["value"] = variable["value"].replace(_NAMESPACE, "$(POD_NAMESPACE)")
    if _NAMESPACE in yaml.safe_dump(one):
        raise NamespaceLeft(f"{one['kind']} {one['metadata']['name']}")
    return one


def _metadata(metadata: Object) -> Object:
    labels = {name: value for name, value in metadata["labels"].items() if not name.startswith("helm.sh/")}
    annotations = {
        name: value for name, value in metadata.get("annotations", {}).items() if not name.startswith("helm.sh/")
    }
    return {
        "name": metadata["name"],
        "labels": labels | {"app.kubernetes.io/managed-by": "kustomize"},
        **({"annotations": annotations} if annotations else {}),
    }
