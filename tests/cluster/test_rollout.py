"""`kubectl rollout restart` of every service in turn while users ask and read streams: nobody notices, and each request
is in the ledger once. And that this test would notice: with a drain that is too short it does."""

from __future__ import annotations

from tests.cluster.support.figures import Note
from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Kube, name_of
from tests.cluster.support.load import Edge, Load
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES

REQUESTS, STREAMS = 1000, 60


def test_every_service_in_turn_without_a_failure(
    release: Release, kube: Kube, admin: Admin, edge: Edge, load: Load, note: Note
) -> None:
    before = {name_of(pod) for service in SERVICES for pod in kube.pods(service)}
    with load.running() as seen:
        load.wait(requests=20)
        for service in SERVICES:
            release.restart(service)
        load.wait(requests=REQUESTS, streams=STREAMS)
    note(seen)
    assert before.isdisjoint(name_of(pod) for service in SERVICES for pod in kube.pods(service))
    assert (seen.failed, seen.cut) == ([], [])
    assert seen.answers + seen.streams >= REQUESTS
    assert seen.streams >= STREAMS
    assert "routing_unavailable" not in seen.fallbacks, "a rolled pod of routing was missed"
    assert admin.wait_recorded(edge.key, seen.sent) == seen.sent


def test_a_drain_that_is_too_short_is_noticed(release: Release, edge: Edge, note: Note) -> None:
    """One second for streams of six."""
    with release.changed({"drain": {"maxStreamSeconds": 1, "endpointSeconds": 1}}):
        release.wait_rolled("gateway")
        load = Load(edge)
        with load.running() as seen:
            load.wait(streams=load.streaming)
            release.restart("gateway")
    note(seen)
    assert seen.cut, "every stream was read to its end"
