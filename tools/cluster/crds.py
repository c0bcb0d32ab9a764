"""The kinds that operators bring and the chart may render: their definitions, without the operators.

The API server then takes or refuses such an object field by field, as where the operator runs. Nobody acts on it. Each
definition is fetched with its Go module, before the cluster's network has no way out, and kept beside the programs. Its
sha256 stands here: another file is not applied.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import processes, programs
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout

ESTABLISHED_S = 60


@dataclass(frozen=True)
class Definition:
    """Of one kind. `file`: its place in the module; `sha256`: of that file."""

    module: str
    version: str
    file: str
    sha256: str

    @property
    def name(self) -> str:
        """`httproutes.gateway.networking.k8s.io`: files are named the other way round."""
        group, _, plural = Path(self.file).stem.partition("_")
        return f"{plural}.{group}"


DEFINITIONS = (
    Definition(
        "sigs.k8s.io/gateway-api",
        "v1.6.3",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
        "a89d17ff5ed060fa0eac015524f9252bb291f616412c13ac8cb952ed9c25c5ad",
    ),
    Definition(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        "1dae27b7189b5ce7b9ab764656c18b4c75a45cde1e6f3af6a5e84c4317628919",
    ),
    Definition(
        "github.com/external-secrets/external-secrets",
        "v1.3.2",
        "config/crds/bases/external-secrets.io_externalsecrets.yaml",
        "690dbc0d51b5f9bc5266b450b533cfd22c5273268e8569102e528a39519cd4ba",
    ),
    Definition(
        "github.com/kedacore/keda/v2",
        "v2.21.0",
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "af35555862a83933b074af14ad439c4b4ceabaf4daa3e9338e9b23e36d308d80",
    ),
)


def ensure(cache: Path) -> list[Path]:
    """Their files in the cache; fetched first if need be. Raises: ClusterError: one is not to be had, or another."""
    return [kept(cache / "crds", definition) for definition in DEFINITIONS]


def apply(layout: Layout) -> None:
    """Returns when objects of these kinds are taken. By the server: they are too large for kubectl's annotation."""
    kubectl = ["kubectl", f"--kubeconfig={layout.kubeconfig}"]
    for file in ensure(layout.cache):
        processes.run([*kubectl, "apply", "--server-side", "-f", file])
    names = [f"crd/{definition.name}" for definition in DEFINITIONS]
    processes.run([*kubectl, "wait", "--for=condition=Established", f"--timeout={ESTABLISHED_S}s", *names])


def kept(folder: Path, definition: Definition) -> Path:
    file = folder / f"{definition.name}.yaml"
    if not file.exists() or not is_the_one(file.read_bytes(), definition):
        content = fetch(definition)
        if not is_the_one(content, definition):
            raise ClusterError(f"{definition.file} of {definition.module} {definition.version} has another sha256.")
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(file)
    return file


def is_the_one(content: bytes, definition: Definition) -> bool:
    return hashlib.sha256(content).hexdigest() == definition.sha256


def fetch(definition: Definition) -> bytes:
    """From the module's folder, which Go fetches by its proxy. Not as a requirement of ours: nothing is compiled."""
    module = f"{definition.module}@{definition.version}"
    done = subprocess.run(
        [programs.find_go(), "mod", "download", "-json", module],
        cwd="/",
        env={**programs.environment(), "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(f"`go mod download {module}` failed: {(done.stdout + done.stderr).strip()[-1000:]}")
    return Path(json.loads(done.stdout)["Dir"], definition.file).read_bytes()
