"""kubectl and helm against the cluster. This process has to be in its namespace (`network.enter`)."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.cluster.layout import INGRESS_ADDRESS, NODE_ADDRESS, Layout
from tools.cluster.processes import run, surroundings

# Of `python -m tools.images servers`.
SERVERS = "postgres=localhost/rq-postgres:test redis=localhost/rq-valkey:test nats=localhost/rq-nats:test"


def environment(layout: Layout) -> dict[str, str]:
    """With which kubectl, helm and tests find the cluster (`e2e` says which is for what).

    Helm's own files are the cluster's too.
    """
    tests = {
        "RQ_E2E_TARGET": "hermetic",
        "RQ_E2E_INGRESS_URL": f"http://{INGRESS_ADDRESS}",
        "RQ_E2E_HOST": NODE_ADDRESS,
        "RQ_E2E_SERVERS": SERVERS,
    }
    helm = {f"HELM_{kind}_HOME": str(layout.state / "helm") for kind in ("CACHE", "CONFIG", "DATA")}
    return {**surroundings(), "KUBECONFIG": str(layout.kubeconfig), **helm, **tests}


def execute(layout: Layout, command: list[str]) -> int:
    """With this terminal. Returns: its status."""
    return subprocess.run(command, env=environment(layout), check=False).returncode


def read(environ: Mapping[str, str], *arguments: str) -> str:
    """What it printed; empty if it failed.

    Args: environ: with which it finds the cluster, as `environment` makes it."""
    done = subprocess.run(["kubectl", *arguments], env=dict(environ), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def apply(layout: Layout, documents: Path | str) -> None:
    """A file, or the documents themselves. Raises: ClusterError: the API server refused them."""
    source, stdin = (str(documents), None) if isinstance(documents, Path) else ("-", documents)
    run(["kubectl", f"--kubeconfig={layout.kubeconfig}", "apply", "-f", source], stdin)
