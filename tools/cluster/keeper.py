"""The process that keeps up with the cluster: policies into nftables, ingresses into nginx, claims into folders.

On a real cluster these are the network plugin, the ingress controller and the storage driver. Runs in the cluster's
network namespace, from `up` to `down`; its log says what it did.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable

from tools.cluster import ingress, layout, policies, processes, volumes
from tools.cluster.api import API, Store

PATHS = {
    "pods": "/api/v1/pods",
    "namespaces": "/api/v1/namespaces",
    "services": "/api/v1/services",
    "claims": "/api/v1/persistentvolumeclaims",
    "volumes": "/api/v1/persistentvolumes",
    "policies": "/apis/networking.k8s.io/v1/networkpolicies",
    "ingresses": "/apis/networking.k8s.io/v1/ingresses",
}
RULES = "policies.nft"
SETTLE_S = 0.02  # events come in bursts


def start(of: layout.Layout) -> None:
    """Returns when it has applied what there is."""
    ingress.start(of)
    command = [sys.executable, "-m", "tools.cluster.keeper"]
    process = processes.start(of, "keeper", command, {"PYTHONPATH": str(layout.CHECKOUT)})
    rules = of.state / RULES
    processes.wait_for("The keeper", rules.exists, 30, process, of.logs / "keeper.log")


def main() -> None:
    of = layout.layout()
    api = API(of.pki)
    store = Store(api, PATHS)
    store.follow()
    while True:
        store.wait()
        time.sleep(SETTLE_S)
        _try("policies", lambda: _policies(of, store))
        _try("ingress", lambda: _ingress(of, store))
        _try("volumes", lambda: volumes.update(api, store.all("claims"), store.all("volumes"), of.volumes))


def _policies(of: layout.Layout, store: Store) -> None:
    cluster = policies.cluster_of(store.all("pods"), store.all("namespaces"))
    wanted = policies.nftables(store.all("policies"), cluster)
    applied = of.state / RULES
    if applied.exists() and applied.read_text() == wanted:
        return
    processes.run(["nft", "-f", "-"], wanted)
    applied.write_text(wanted)
    _say(f"policies: {wanted.count('counter drop')} chains")


def _ingress(of: layout.Layout, store: Store) -> None:
    if ingress.update(of, store.all("ingresses"), store.all("services")):
        _say("ingress: changed")


def _try(what: str, do: Callable[[], None]) -> None:
    """One that fails does not stop the others, nor the next time."""
    try:
        do()
    except Exception:  # noqa: BLE001 - the edge of this process: logged, and tried again with the next event
        _say(f"{what}:\n{traceback.format_exc()}")


def _say(what: str) -> None:
    print(time.strftime("%H:%M:%S"), what, flush=True)


if __name__ == "__main__":
    main()
