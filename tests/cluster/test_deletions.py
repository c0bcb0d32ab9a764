"""`kubectl delete pod` of each service and of each server beside them, while users ask: what docs/architecture.md
promises for it ("What breaks"), and no usage record lost or counted twice."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cluster.support.figures import Note
from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Document, Kube, is_ready, name_of, restarts, until
from tests.cluster.support.load import Edge, Load, Seen
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES
from tests.support.target import FOUND, SERVERS

BACK_S = 180.0


def delete_one(kube: Kube, component: str, *how: str) -> str:
    name = name_of(kube.pods(component)[0])
    kube("delete", "pod", name, "--wait=false", *how)
    return name


def wait_back(kube: Kube, component: str, gone: str) -> None:
    """As many ready as before, the deleted one not among them."""

    def back() -> bool:
        pods = kube.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return bool(pods) and all(is_ready(pod) and name_of(pod) != gone for pod in pods)

    until(back, BACK_S, f"{component} is back")


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_of_a_service_goes_and_nobody_notices(
    service: str, release: Release, kube: Kube, admin: Admin, edge: Edge, load: Load, note: Note
) -> None:
    with load.running() as seen:
        load.wait(requests=20)
        wait_back(kube, service, delete_one(kube, service))
        load.wait(requests=seen.sent + 50)
    note(service, seen)
    assert (seen.failed, seen.cut) == ([], [])
    assert admin.wait_recorded(edge.key, seen.sent) == seen.sent


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_goes_and_models_answer_on(
    server: str, release: Release, kube: Kube, admin: Admin, edge: Edge, load: Load, note: Note
) -> None:
    """Callers are known, usage waits in the journal or in NATS, limits are counted in each gateway."""
    with load.running() as seen:
        load.wait(requests=50)
        gone = name_of(until(lambda: kube.pods(server), 10, f"a pod of {server}")[0])
        kube("delete", "pod", gone, "--wait=false")
        load.wait(requests=seen.sent + 100)
        until(lambda: _anew(kube, server), BACK_S, f"{server} is back")
        load.wait(requests=seen.sent + 50)
    note(server, seen)
    assert (seen.failed, seen.cut) == ([], [])
    assert admin.wait_recorded(edge.key, seen.sent) == seen.sent


def _anew(kube: Kube, server: str) -> bool:
    """Whether it runs again. Not told by the name, which a StatefulSet's pod keeps: the old one is on its way out."""
    return any(map(is_ready, kube.pods(server)))


@pytest.mark.skipif(FOUND is None or not FOUND.hermetic, reason="the cluster's nodes are not this machine")
def test_a_gateway_that_is_killed_loses_its_streams_and_no_record(
    release: Release, kube: Kube, admin: Admin, edge: Edge, load: Load, note: Note
) -> None:
    """Its container starts again in the same pod, finds the journal, and closes what was in flight as interrupted."""
    with load.running() as seen:
        load.wait(requests=20)
        pod = kube.pods("gateway")[0]
        kill(pod)
        until(lambda: restarts(kube.get("pod", name_of(pod))) > restarts(pod), 60, "the container starts again")
        release.wait_rolled("gateway")
        load.wait(requests=seen.sent + 50)
    note(seen)
    assert answered_or_cut(seen) == seen.sent - len(seen.failed)
    found = admin.wait_recorded(edge.key, answered_or_cut(seen))
    assert answered_or_cut(seen) <= found <= seen.sent


def kill(pod: Document) -> None:
    """As the kernel does when memory runs out: without a word. From the node, because a container's first process
    cannot be killed from inside of it."""
    container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    for cgroup in Path("/proc").glob("[0-9]*/cgroup"):
        with suppress(OSError):
            if container in cgroup.read_text():
                os.kill(int(cgroup.parent.name), signal.SIGKILL)


def answered_or_cut(seen: Seen) -> int:
    return seen.answers + seen.streams + len(seen.cut)
