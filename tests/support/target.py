"""Where tests/e2e and tests/cluster run: on processes of this machine (`process`, the default), on the cluster that
tools/cluster makes (`hermetic`), or on somebody's (`kubeconfig`). Read once: later the environment is a test's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

TARGET = "RQ_E2E_TARGET"
PROCESS, HERMETIC, KUBECONFIG = "process", "hermetic", "kubeconfig"
SERVERS = ("postgres", "redis", "nats")


@dataclass(frozen=True)
class Target:
    """A cluster. `kind`: that of tools/cluster, or somebody's. `ingress_url`: where its ingress controller is reached;
    empty: nobody said. `host`: this machine's address as pods see it; empty: they do not. `registry`, `tag`: of the
    images. `environ`: for kubectl and helm."""

    kind: str
    environ: Mapping[str, str]
    ingress_url: str
    ingress_class: str
    host: str
    registry: str
    tag: str
    storage_class: str
    namespace: str = ""
    """One that stays, with its release, for who runs the tests again and again; empty: a fresh one."""
    servers: Mapping[str, str] = field(default_factory=dict)
    """Images of bundled servers, with their tags, by `SERVERS`; those that lack are the chart's, the official ones."""

    @property
    def hermetic(self) -> bool:
        """Then the images are those of this checkout, policies are enforced, and this process is in its network."""
        return self.kind == HERMETIC


def target_of(environ: Mapping[str, str]) -> Target | None:
    """None: processes. Raises: ValueError: it is none of the three."""
    kind = environ.get(TARGET) or PROCESS
    if kind not in (PROCESS, HERMETIC, KUBECONFIG):
        raise ValueError(f"{TARGET}={kind} is none of {PROCESS}, {HERMETIC}, {KUBECONFIG}")
    if kind == PROCESS:
        return None
    return Target(
        kind=kind,
        environ=dict(environ),
        ingress_url=environ.get("RQ_E2E_INGRESS_URL", "").rstrip("/"),
        ingress_class=environ.get("RQ_E2E_INGRESS_CLASS", "nginx"),
        host=environ.get("RQ_E2E_HOST", ""),
        registry=environ.get("RQ_E2E_REGISTRY", "localhost"),
        tag=environ.get("RQ_E2E_TAG", "test"),
        storage_class=environ.get("RQ_E2E_STORAGE_CLASS", ""),
        namespace=environ.get("RQ_E2E_NAMESPACE", ""),
        servers=dict(_pair(one) for one in environ.get("RQ_E2E_SERVERS", "").split()),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, image = text.partition("=")
    if name not in SERVERS or not image:
        raise ValueError(f"RQ_E2E_SERVERS has {text!r}: it wants NAME=IMAGE, the names being {', '.join(SERVERS)}")
    return name, image


FOUND = target_of(os.environ)
