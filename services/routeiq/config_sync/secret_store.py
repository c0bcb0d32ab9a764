"""A Secret of Kubernetes in which a suite keeps its keys. Made once, completed later, never changed.

For the job that runs before a release, under an account that may create secrets, and read and update this one. Two
that run at once end up with one Secret: the API refuses to make it twice, or to change what has changed since."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from routeiq.config_sync.kubernetes_api import CONFLICT, NOT_FOUND, KubernetesAway, call, open_api

TIMEOUT_S = (5.0, 10.0)
"""To connect, and for the answer."""
ATTEMPTS = 5

Missing = Callable[[Mapping[str, bytes]], dict[str, bytes]]


class SecretStore:
    """Blocks. Args: api: a `CoreV1Api`; None: the one of the cluster that this runs in."""

    def __init__(self, namespace: str, name: str, api: Any = None) -> None:
        self._namespace, self._name, self._api = namespace, name, api

    def complete(self, missing: Missing) -> list[str]:
        """Add what `missing` makes to what is there. Returns: the names that were added.

        Raises: KubernetesAway; what `missing` raises: what is there cannot be completed."""
        for _ in range(ATTEMPTS):
            there, version = self._read()
            made = missing(there)
            if not made or self._written({**there, **made}, version):
                return sorted(made)
        raise KubernetesAway(f"The Secret {self._name} is changed by somebody else again and again.")

    def _read(self) -> tuple[dict[str, bytes], str]:
        """Its content and version; nothing and no version where there is none."""
        found = self._called("read_namespaced_secret", self._name, self._namespace, but=NOT_FOUND)
        if found is None:
            return {}, ""
        data = {name: base64.b64decode(value) for name, value in (found.data or {}).items()}
        return data, found.metadata.resource_version

    def _written(self, data: Mapping[str, bytes], version: str) -> bool:
        """False: somebody was quicker."""
        where = (self._name, self._namespace) if version else (self._namespace,)
        method = "replace_namespaced_secret" if version else "create_namespaced_secret"
        return self._called(method, *where, self._body(data, version), but=CONFLICT) is not None

    def _body(self, data: Mapping[str, bytes], version: str) -> dict[str, Any]:
        metadata = {
            "name": self._name,
            "namespace": self._namespace,
            "labels": {"app.kubernetes.io/part-of": "routeiq", "app.kubernetes.io/component": "keys"},
        }
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": metadata | ({"resourceVersion": version} if version else {}),
            "data": {name: base64.b64encode(value).decode() for name, value in data.items()},
        }

    def _called(self, method: str, *args: object, but: int) -> Any:
        """None: it answered `but`. Raises: KubernetesAway."""
        self._api = self._api or open_api("CoreV1Api")
        what = f"Secret {self._name}"
        return call(getattr(self._api, method), *args, but=but, timeout_s=TIMEOUT_S, what=what)
