"""Write deploy/kustomize from the Helm chart: the base, and each component. With --check, only compare.

Each folder has a values.yaml, which people write: what the chart is told. A component is the difference that its values
make, so that nothing stands twice. Run through `make kustomize`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.kustomize import differences
from tools.kustomize.rendering import ROOT, Object, render
from tools.plain_yaml import dump

FOLDER = ROOT / "deploy" / "kustomize"
BASE = FOLDER / "base"
COMPONENTS = {
    "network-policies": (),
    "gateway-api": (),
    "otel": ("network-policies",),
    "replicas": (),
    "trial": (),
}
"""Name -> the components whose objects it changes, too, where they stand above it."""
HEAD = "# Made of the Helm chart by tools/kustomize, as values.yaml says; do not edit. `make kustomize` renews it.\n"


def values(*components: str) -> list[Path]:
    """The files that a base with these components is rendered from."""
    return [BASE / "values.yaml", *(FOLDER / "components" / name / "values.yaml" for name in components)]


def files() -> Iterator[tuple[Path, str]]:
    """All that is generated."""
    base = render(values())
    yield BASE / "resources.yaml", _documents(base)
    yield BASE / "kustomization.yaml", _kustomization("Kustomization", "v1beta1", resources=["resources.yaml"])
    for name, beneath in COMPONENTS.items():
        before = render(values(*beneath)) if beneath else base
        yield from _component(FOLDER / "components" / name, before, render(values(*beneath, name)))


def _component(folder: Path, before: list[Object], after: list[Object]) -> Iterator[tuple[Path, str]]:
    parts: dict[str, list[Any]] = {}
    if objects := differences.further(before, after):
        yield folder / "resources.yaml", _documents(objects)
        parts["resources"] = ["resources.yaml"]
    if changes := differences.patches(before, after):
        parts["patches"] = [one | {"patch": dump(one["patch"])} for one in changes]
    yield folder / "kustomization.yaml", _kustomization("Component", "v1alpha1", **parts)


def _kustomization(kind: str, version: str, **parts: list[Any]) -> str:
    return HEAD + dump({"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind, **parts})


def _documents(objects: list[Object]) -> str:
    return HEAD + "---\n".join(dump(one) for one in sorted(objects, key=differences.identity))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.kustomize", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    wanted = dict(files())
    if not parser.parse_args().check:
        for file, text in wanted.items():
            file.write_text(text)
        return
    stale = [file for file, text in wanted.items() if not file.is_file() or file.read_text() != text]
    if stale:
        sys.exit("".join(f"{file} is not what the chart renders: run `make kustomize`\n" for file in stale))


if __name__ == "__main__":
    main()
