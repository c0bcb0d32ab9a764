"""What is not well in the cluster, and what it says about itself: for a run that has failed, before it goes away."""

from __future__ import annotations

import json

from tools.cluster import kubectl
from tools.cluster.api import Document
from tools.cluster.layout import Layout

SHOWN_LINES = 40


def report(layout: Layout) -> str:
    """Pods, warnings, and of each pod that is not Ready its description and the end of its logs."""
    parts = [
        kubectl.read(layout, "get", "pods,persistentvolumeclaims,jobs", "--all-namespaces", "-o", "wide"),
        _warnings(layout),
        *(_about(layout, pod) for pod in unwell(json.loads(_pods(layout))["items"])),
    ]
    return "\n\n".join(part for part in parts if part)


def unwell(pods: list[Document]) -> list[Document]:
    return [pod for pod in pods if not _is_well(pod)]


def _is_well(pod: Document) -> bool:
    """Ready, or ended as it should."""
    status = pod.get("status", {})
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return ready or status.get("phase") == "Succeeded"


def _about(layout: Layout, pod: Document) -> str:
    where = ("-n", pod["metadata"]["namespace"], "pod/" + pod["metadata"]["name"])
    logs = [f"--tail={SHOWN_LINES}", "--all-containers", "--prefix", *where]
    said = [kubectl.read(layout, "logs", *logs), kubectl.read(layout, "logs", "--previous", *logs)]
    return "\n".join([kubectl.read(layout, "describe", *where), *said])


def _warnings(layout: Layout) -> str:
    wanted = ("--all-namespaces", "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
    return "\n".join(kubectl.read(layout, "get", "events", *wanted).splitlines()[-SHOWN_LINES:])


def _pods(layout: Layout) -> str:
    return kubectl.read(layout, "get", "pods", "--all-namespaces", "-o", "json") or '{"items": []}'
