"""Control with two gateways on a cluster, each reached by itself, as `tests.support.replicas` has them as processes."""

from __future__ import annotations

import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.support.kube import Document, Kube, name_of, until
from tests.cluster.support.namespaces import namespace
from tests.cluster.support.release import Release
from tests.cluster.support.values import SMALL, bundled
from tests.support.target import Target

PORTS = {"": 4000, "-api": 8200}
"""By what stands behind a gateway's name: the second one serves `/api/v1` alone."""
USED = {"gateway": 2, "control": 1, "routing": 1}
UNUSED = ("config-sync", "a2a-registry", "mcp-registry")


@dataclass(frozen=True)
class Pair:
    """`urls`: by process, as tests call them."""

    urls: Mapping[str, str]

    def url_of(self, process: str) -> str:
        return self.urls[process]


@contextmanager
def pair_on(
    target: Target, document: Mapping[str, Any], environ: Mapping[str, str], keys: Mapping[str, str]
) -> Iterator[Pair]:
    """In a namespace of its own.

    Args: environ: more variables of every process.  keys: those of the release's Secret that are known beforehand; its
    job adds the others."""
    with namespace(target, "rq-pair") as kube:
        release = Release(kube, _values(target, document, environ), name=f"p{secrets.token_hex(2)}")
        kube.apply(_secret(release.component("keys"), keys))
        release.install()
        try:
            with ExitStack() as stack:
                pods = zip(("gateway", "gateway-2"), sorted(kube.pods("gateway"), key=name_of), strict=True)
                urls = {
                    process + suffix: stack.enter_context(_reached(kube, pod, port, direct=target.hermetic))
                    for process, pod in pods
                    for suffix, port in PORTS.items()
                }
                yield Pair(urls)
        finally:
            release.uninstall()


def _secret(name: str, keys: Mapping[str, str]) -> Document:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(keys)}


def _values(target: Target, document: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "image": {"registry": target.registry, "tag": target.tag},
        "drain": {"maxStreamSeconds": 5, "endpointSeconds": 1},
        "config": {"document": dict(document)},
        "defaults": {"env": dict(environ)},
        "apiPort": PORTS["-api"],
        "services": {
            **{name: {"replicas": replicas, **SMALL} for name, replicas in USED.items()},
            **{name: {"enabled": False} for name in UNUSED},
        },
        "bundled": bundled(target),
    }


@contextmanager
def _reached(kube: Kube, pod: Document, port: int, *, direct: bool) -> Iterator[str]:
    """The pod's own address where this process is in the pods' network, else through the API server."""
    if direct:
        yield f"http://{pod['status']['podIP']}:{port}"
        return
    command = ["kubectl", "-n", kube.namespace, "port-forward", f"pod/{name_of(pod)}", f":{port}"]
    with (
        tempfile.NamedTemporaryFile() as said,  # a line for each connection, too many for a pipe that nobody reads
        subprocess.Popen(command, env=dict(kube.environ), stdout=said, stderr=said) as forwarding,
    ):
        try:
            until(lambda: b"127.0.0.1:" in Path(said.name).read_bytes(), 30, f"kubectl forwards to {name_of(pod)}")
            found = re.search(r"127\.0\.0\.1:(\d+)", Path(said.name).read_text())
            assert found
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            forwarding.terminate()
