"""deploy/kustomize as `kubectl kustomize` builds it."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

import yaml

from tests.support.chart import ROOT, Rendering, read
from tools import kube_tools

FOLDER = ROOT / "deploy" / "kustomize"
OVERLAYS = {"dev": "routeiq-dev", "prod": "routeiq"}
"""Name -> namespace."""
RELEASE = "routeiq"


def kustomize(folder: Path) -> str:
    """Raises: AssertionError, with what kubectl said."""
    command = [kube_tools.ensure() / "kubectl", "kustomize", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "kubectl warns of fields that will go"
    return done.stdout


@functools.cache
def overlay(name: str) -> Rendering:
    return read(name, kustomize(FOLDER / "overlays" / name), release=RELEASE, namespace=OVERLAYS[name])


def compose(folder: Path, *components: str, namespace: str = "suite", base: str = "base") -> Rendering:
    """An overlay of one's own, in an empty folder."""
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": namespace,
                "resources": [os.path.relpath(FOLDER / base, folder.resolve())],
                "components": [os.path.relpath(FOLDER / "components" / one, folder.resolve()) for one in components],
            }
        )
    )
    return read("composed", kustomize(folder), release=RELEASE, namespace=namespace)
