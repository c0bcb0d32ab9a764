"""Who leads, written into a Lease of Kubernetes (`coordination.k8s.io/v1`).

Its client blocks, so that each call runs in a thread. The API server refuses a change of what somebody else has changed
since, which is all that an election needs. The service account may get, create and update leases of its namespace."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from routeiq.config_sync.kubernetes_api import CONFLICT, NOT_FOUND, call, open_api
from routeiq.config_sync.leader import Held, SeatTaken

TIMEOUT_S = (2.0, 3.0)
"""To connect, and for the answer."""


class KubernetesSeat:
    """Args: lock: names the lease.  lease_s: said there for who reads it.  api: a `CoordinationV1Api`; None: the one of
    the cluster that this runs in, made at the first call."""

    def __init__(self, namespace: str, lock: str, lease_s: float, api: Any = None) -> None:
        self._namespace, self._name = namespace, f"routeiq-{lock.replace('_', '-').lower()}"
        self._lease_s, self._api = max(round(lease_s), 1), api
        self._vacant = ""
        """The version of a lease that nobody holds; empty: there is none."""

    async def look(self) -> Held | None:
        return await asyncio.to_thread(self._look)

    async def take(self, holder: str, instead_of: Held | None) -> Held:
        return await asyncio.to_thread(self._take, holder, instead_of)

    async def give_up(self, held: Held) -> None:
        await asyncio.to_thread(self._replace, "", held.version)

    def _look(self) -> Held | None:
        lease = self._called("read_namespaced_lease", self._name, self._namespace, but=NOT_FOUND)
        if lease is None:
            self._vacant = ""
            return None
        holder, version = lease.spec.holder_identity or "", lease.metadata.resource_version
        self._vacant = "" if holder else version
        return Held(holder, version) if holder else None

    def _take(self, holder: str, instead_of: Held | None) -> Held:
        version = instead_of.version if instead_of else self._vacant
        if version:
            return self._replace(holder, version)
        return self._written(holder, "create_namespaced_lease", self._namespace, self._body(holder, ""))

    def _replace(self, holder: str, version: str) -> Held:
        body = self._body(holder, version)
        return self._written(holder, "replace_namespaced_lease", self._name, self._namespace, body)

    def _written(self, holder: str, method: str, *args: object) -> Held:
        made = self._called(method, *args, but=CONFLICT)
        if made is None:
            raise SeatTaken("another one leads")
        return Held(holder, made.metadata.resource_version)

    def _body(self, holder: str, version: str) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        metadata = {"name": self._name, "namespace": self._namespace}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata | ({"resourceVersion": version} if version else {}),
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": self._lease_s, "renewTime": now},
        }

    def _called(self, method: str, *args: object, but: int) -> Any:
        """None: it answered `but`. Raises: KubernetesAway."""
        self._api = self._api or open_api("CoordinationV1Api")
        what = f"Lease {self._name}"
        return call(getattr(self._api, method), *args, but=but, timeout_s=TIMEOUT_S, what=what)
