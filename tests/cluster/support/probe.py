"""A pod that asks whether ports of others can be reached: the suite's own image, with labels as the test says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.cluster.support.kube import Document, Kube

_ASK = """
import json, socket, sys
found = {}
for at in sys.argv[1:]:
    host, _, port = at.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
        found[at] = True
    except OSError:
        found[at] = False
print(json.dumps(found))
"""
SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


class Probe:
    def __init__(self, kube: Kube, pod: str) -> None:
        self._kube, self._pod = kube, pod

    def reaches(self, addresses: Sequence[str]) -> dict[str, bool]:
        """By `host:port`."""
        found: dict[str, bool] = json.loads(
            self._kube("exec", self._pod, "--", "python3", "-c", _ASK, *addresses, timeout_s=180)
        )
        return found


@contextmanager
def probe(kube: Kube, name: str, image: str, labels: Mapping[str, str]) -> Iterator[Probe]:
    """One that is ready; it goes with the block."""
    kube.apply(_pod(name, image, labels))
    try:
        kube("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        yield Probe(kube, name)
    finally:
        kube("delete", "pod", name, "--grace-period=1", "--wait=true")


def _pod(name: str, image: str, labels: Mapping[str, str]) -> Document:
    pod_security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    command = ["python3", "-c", "import signal, sys; signal.signal(15, lambda *_: sys.exit()); signal.pause()"]
    container = {"name": "probe", "image": image, "command": command, "securityContext": SECURITY}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security,
            "containers": [container],
        },
    }
