"""The seat in a Lease of Kubernetes, by its own client over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes import client

from routeiq.config_sync.kubernetes_api import KubernetesAway
from routeiq.config_sync.leader import Election, Held, SeatTaken
from routeiq.config_sync.lease import KubernetesSeat
from tests.support.fake_kubernetes import FakeKubernetes


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    made = FakeKubernetes()
    yield made
    made.close()


@pytest.fixture
def api(cluster: FakeKubernetes) -> Iterator[client.CoordinationV1Api]:
    configuration = client.Configuration()
    configuration.host = cluster.url
    configuration.retries = False
    with client.ApiClient(configuration) as made:
        yield client.CoordinationV1Api(made)
        made.rest_client.pool_manager.clear()


def seat(api: client.CoordinationV1Api) -> KubernetesSeat:
    return KubernetesSeat("prod", "config_sync", 10, api)


async def test_one_takes_it_and_renews_it(cluster: FakeKubernetes, api: client.CoordinationV1Api) -> None:
    own = seat(api)
    assert await own.look() is None
    held = await own.take("pod-a", None)
    renewed = await own.take("pod-a", held)
    assert renewed.version != held.version
    assert await own.look() == renewed
    spec = cluster.objects["routeiq-config-sync"]["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"]) == ("pod-a", 10)
    assert abs(datetime.fromisoformat(spec["renewTime"]) - datetime.now(UTC)) < timedelta(seconds=30)


async def test_two_at_once_are_one(api: client.CoordinationV1Api) -> None:
    a, b = seat(api), seat(api)
    assert (await a.look(), await b.look()) == (None, None)
    held = await a.take("pod-a", None)
    with pytest.raises(SeatTaken):
        await b.take("pod-b", None)
    await b.take("pod-b", held)
    with pytest.raises(SeatTaken):
        await a.take("pod-a", held)


async def test_what_was_given_up_is_free(api: client.CoordinationV1Api) -> None:
    a, b = seat(api), seat(api)
    await a.give_up(await a.take("pod-a", None))
    assert await b.look() is None
    assert (await b.take("pod-b", None)).holder == "pod-b"
    assert await a.look() == await b.look()


async def test_an_election_over_it(api: client.CoordinationV1Api) -> None:
    now = [0.0]
    a, b = (Election(seat(api), name, clock=lambda: now[0]) for name in ("pod-a", "pod-b"))
    await a.turn()
    await b.turn()
    assert (a.leading, b.leading, b.holder) == (True, False, "pod-a")
    now[0] += 11
    await b.turn()
    for _ in range(2):
        await a.turn()
    assert (a.leading, b.leading, a.holder) == (False, True, "pod-b")


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_server_that_refuses_is_away(
    cluster: FakeKubernetes, api: client.CoordinationV1Api, status: int
) -> None:
    cluster.status = status
    with pytest.raises(KubernetesAway, match=str(status)):
        await seat(api).look()
    with pytest.raises(KubernetesAway):
        await seat(api).take("pod-a", Held("pod-a", "1"))


async def test_outside_of_a_cluster_there_is_none() -> None:
    with pytest.raises(KubernetesAway, match="no pod"):
        await KubernetesSeat("prod", "config_sync", 10).look()
