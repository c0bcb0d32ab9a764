"""Who counts as alive: who says so again and again."""

from __future__ import annotations

import pytest

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import REPLICA_TTL_S, REPORT_EVERY_S
from routeiq.config_sync.live_replicas import GRACE_S, LiveReplicas
from routeiq.kit.bus_keys import Entry

SAID = pb.Replica(service="gateway", applied=3).SerializeToString()


class Bucket:
    """Lets nothing lapse by itself. `at`: the time, too."""

    def __init__(self) -> None:
        self.held: dict[str, Entry] = {}
        self.at, self._revision = 0.0, 0

    async def entries(self) -> dict[str, Entry]:
        return dict(self.held)

    def put(self, name: str, value: bytes = SAID) -> None:
        self._revision += 1
        self.held[name] = Entry(value, self._revision)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def live(bucket: Bucket) -> LiveReplicas:
    return LiveReplicas(bucket, lambda: bucket.at)


async def names(live: LiveReplicas) -> list[str]:
    return [one.name for one in await live()]


async def test_whom_the_bucket_keeps_though_it_is_silent_has_gone_away(bucket: Bucket, live: LiveReplicas) -> None:
    bucket.put("gateway.dead")
    while bucket.at < REPLICA_TTL_S + GRACE_S:
        bucket.put("gateway.lives")
        assert "gateway.lives" in await names(live)
        bucket.at += REPORT_EVERY_S
    assert await names(live) == ["gateway.lives"]
    bucket.put("gateway.dead")
    assert await names(live) == ["gateway.dead", "gateway.lives"]


async def test_who_is_not_there_for_a_moment_has_not_gone_away(bucket: Bucket, live: LiveReplicas) -> None:
    bucket.put("gateway.one")
    await live()
    bucket.held.clear()
    bucket.at += GRACE_S - 1
    assert await names(live) == ["gateway.one"]
    bucket.at += 1
    assert await names(live) == []


async def test_what_no_replica_has_written_is_none(bucket: Bucket, live: LiveReplicas) -> None:
    bucket.put("gateway.one")
    bucket.put("foreign", b"\xff\xfe no value of ours \x00{")
    assert await names(live) == ["gateway.one"]
