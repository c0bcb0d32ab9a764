"""The Helm chart as `helm template` renders it, and how tests look at what comes out."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools import kube_tools

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "routeiq"
VALUES = ROOT / "tests" / "deploy" / "values"
RELEASE, NAMESPACE = "rq", "suite"
SERVICES = ("gateway", "routing", "control", "config-sync", "a2a-registry", "mcp-registry")
COMPONENT = "app.kubernetes.io/component"
RENDERINGS = {
    "default": ("default",),
    "production": ("production",),
    "ha": ("ha",),
    "everything": ("everything",),
    "upgrade of everything": ("everything", "--is-upgrade"),
}
"""Name -> its values file, and further options."""
Object = Mapping[str, Any]


class Refused(Exception):
    """What helm said instead of rendering."""


def run_helm(*arguments: str, values: str = "") -> str:
    """Its output. Args: values: YAML, for `-f -`. Raises: Refused."""
    program = kube_tools.ensure() / "helm"
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "HELM_CACHE_HOME": "/nonexistent"}
    done = subprocess.run(
        [program, *arguments], input=values, capture_output=True, text=True, check=False, env=environ, timeout=60
    )
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def template(*options: str, values: str = "") -> str:
    """The chart's documents as text, over the values file (a name) that `options` begin with."""
    file, *rest = options
    given = ["-f", str(VALUES / f"{file}.yaml"), *(["-f", "-"] if values else []), *rest]
    return run_helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *given, values=values)


@dataclass(frozen=True)
class Pod:
    """What a workload, a job or a test would start."""

    owner: Object
    metadata: Object
    spec: Object

    @property
    def name(self) -> str:
        return f"{self.owner['kind']}/{self.owner['metadata']['name']}"

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self.metadata["labels"])

    @property
    def component(self) -> str:
        return self.labels[COMPONENT]

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def lives(self) -> bool:
        """Not one that comes to an end by itself."""
        return self.owner["kind"] not in ("Job", "Pod")

    def has(self, labels: Mapping[str, str]) -> bool:
        return labels.items() <= self.labels.items()


@dataclass(frozen=True)
class Rendering:
    name: str
    objects: tuple[Object, ...]
    release: str = RELEASE
    namespace: str = NAMESPACE

    def of(self, *kinds: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] in kinds]

    def named(self, kind: str) -> dict[str, Object]:
        return {one["metadata"]["name"]: one for one in self.of(kind)}

    @property
    def pods(self) -> list[Pod]:
        return [pod for one in self.objects for pod in _pods(one)]

    def component(self, name: str) -> Pod:
        (found,) = [pod for pod in self.pods if pod.component == name and pod.lives]
        return found


@functools.cache
def rendering(name: str) -> Rendering:
    return read(name, template(*RENDERINGS[name]))


def read(name: str, text: str, release: str = RELEASE, namespace: str = NAMESPACE) -> Rendering:
    return Rendering(name, tuple(one for one in yaml.safe_load_all(text) if one), release, namespace)


def _pods(one: Object) -> Iterator[Pod]:
    if one["kind"] == "Pod":
        yield Pod(one, one["metadata"], one["spec"])
    elif "template" in one.get("spec", {}):
        yield Pod(one, one["spec"]["template"]["metadata"], one["spec"]["template"]["spec"])
