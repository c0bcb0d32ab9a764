"""What is not well in a cluster, and what it says about itself: for a run that has failed, before it goes away."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tools.cluster.api import Document
from tools.cluster.kubectl import read

SHOWN_LINES = 40
EVERYWHERE = ("--all-namespaces",)
Environ = Mapping[str, str]


def report(environ: Environ, *where: str) -> str:
    """Pods, warnings, and of each pod that is not Ready its description and the end of its logs.

    Args: environ: of kubectl.  where: `-n` and a namespace, or `EVERYWHERE`."""
    parts = [
        read(environ, "get", "pods,persistentvolumeclaims,jobs", *where, "-o", "wide"),
        _warnings(environ, where),
        *(_about(environ, pod) for pod in unwell(_pods(environ, where))),
    ]
    return "\n\n".join(part for part in parts if part)


def unwell(pods: list[Document]) -> list[Document]:
    return [pod for pod in pods if not _is_well(pod)]


def _is_well(pod: Document) -> bool:
    """Ready, or ended as it should."""
    status = pod.get("status", {})
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return ready or status.get("phase") == "Succeeded"


def _about(environ: Environ, pod: Document) -> str:
    where = ("-n", pod["metadata"]["namespace"], "pod/" + pod["metadata"]["name"])
    logs = [f"--tail={SHOWN_LINES}", "--all-containers", "--prefix", *where]
    return "\n".join(
        [read(environ, "describe", *where), read(environ, "logs", *logs), read(environ, "logs", "--previous", *logs)]
    )


def _warnings(environ: Environ, where: tuple[str, ...]) -> str:
    events = read(environ, "get", "events", *where, "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
    return "\n".join(events.splitlines()[-SHOWN_LINES:])


def _pods(environ: Environ, where: tuple[str, ...]) -> list[Document]:
    found: list[Document] = json.loads(read(environ, "get", "pods", *where, "-o", "json") or '{"items": []}')["items"]
    return found
