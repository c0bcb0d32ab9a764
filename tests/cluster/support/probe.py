"""A pod that asks whether ports of others can be reached, and has one itself: the suite's own image, with labels as the
test says. Policies take it for what its labels say; it is never ready, so that no Service sends anybody to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.cluster.support.kube import Document, Kube

LISTENS = 8000
NEVER = "routeiq.dev/never"
"""A condition that nothing sets: services leave it out, whatever its labels are."""
_ASK = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(at):
    host, _, port = at.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError:
        return False
    return True
with ThreadPoolExecutor(64) as threads:
    print(json.dumps(dict(zip(sys.argv[1:], threads.map(reached, sys.argv[1:])))))
"""
_STAY = f"""
import signal, socket, sys
server = socket.create_server(("", {LISTENS}), backlog=256)
signal.signal(15, lambda *_: sys.exit())
signal.pause()
"""
SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


class Probe:
    def __init__(self, kube: Kube, pod: str) -> None:
        self._kube, self._pod = kube, pod

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{self._kube.get('pod', self._pod)['status']['podIP']}:{LISTENS}"

    def reaches(self, addresses: Sequence[str]) -> dict[str, bool]:
        """By `host:port`."""
        found: dict[str, bool] = json.loads(
            self._kube("exec", self._pod, "--", "python3", "-c", _ASK, *addresses, timeout_s=180)
        )
        return found


@contextmanager
def probe(kube: Kube, name: str, image: str, labels: Mapping[str, str]) -> Iterator[Probe]:
    """One that runs; it goes with the block."""
    kube.apply(_pod(name, image, labels))
    try:
        kube("wait", "--for=condition=ContainersReady", f"pod/{name}", "--timeout=60s")
        yield Probe(kube, name)
    finally:
        kube("delete", "pod", name, "--grace-period=1", "--wait=true")


def _pod(name: str, image: str, labels: Mapping[str, str]) -> Document:
    pod_security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "probe", "image": image, "command": ["python3", "-c", _STAY], "securityContext": SECURITY}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "readinessGates": [{"conditionType": NEVER}],
            "securityContext": pod_security,
            "containers": [container],
        },
    }
