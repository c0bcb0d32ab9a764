"""A Secret over HTTP, as the API server of Kubernetes keeps it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from kubernetes import client

from routeiq.config_sync.kubernetes_api import KubernetesAway
from routeiq.config_sync.secret_store import SecretStore
from tests.support.fake_kubernetes import FakeKubernetes


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    made = FakeKubernetes()
    yield made
    made.close()


@contextmanager
def api_of(url: str) -> Iterator[client.CoreV1Api]:
    configuration = client.Configuration()
    configuration.host = url
    configuration.retries = False
    with client.ApiClient(configuration) as made:
        yield client.CoreV1Api(made)
        made.rest_client.pool_manager.clear()


@pytest.fixture
def api(cluster: FakeKubernetes) -> Iterator[client.CoreV1Api]:
    with api_of(cluster.url) as made:
        yield made


def wanted(there: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: name.encode() for name in ("a", "b") if name not in there}


def kept(cluster: FakeKubernetes) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in cluster.objects["rq-keys"]["data"].items()}


def test_it_is_made_once(cluster: FakeKubernetes, api: client.CoreV1Api) -> None:
    assert SecretStore("ns", "rq-keys", api).complete(wanted) == ["a", "b"]
    assert kept(cluster) == {"a": b"a", "b": b"b"}
    assert SecretStore("ns", "rq-keys", api).complete(wanted) == []


def test_what_it_lacks_is_added_and_the_rest_stays(cluster: FakeKubernetes, api: client.CoreV1Api) -> None:
    SecretStore("ns", "rq-keys", api).complete(lambda there: {} if there else {"a": b"old"})
    assert SecretStore("ns", "rq-keys", api).complete(wanted) == ["b"]
    assert kept(cluster) == {"a": b"old", "b": b"b"}


def test_two_at_once_end_with_the_keys_of_one(cluster: FakeKubernetes, api: client.CoreV1Api) -> None:
    """The other one comes between our reading and our writing, twice: makes it, and then changes it."""
    others = iter([{"a": b"theirs"}, {"c": b"theirs, too"}])

    def overtaken(there: Mapping[str, bytes]) -> dict[str, bytes]:
        theirs = next(others, None)
        if theirs is not None:
            SecretStore("ns", "rq-keys", api).complete(lambda _: theirs)
        return wanted(there)

    assert SecretStore("ns", "rq-keys", api).complete(overtaken) == ["b"]
    assert kept(cluster) == {"a": b"theirs", "b": b"b", "c": b"theirs, too"}


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_server_that_refuses_is_said(cluster: FakeKubernetes, api: client.CoreV1Api, status: int) -> None:
    cluster.status = status
    with pytest.raises(KubernetesAway, match=f"answers {status} for the Secret rq-keys"):
        SecretStore("ns", "rq-keys", api).complete(wanted)


def test_a_server_that_is_not_there_is_said() -> None:
    with (
        api_of("http://127.0.0.1:9") as api,
        pytest.raises(KubernetesAway, match="does not answer"),
    ):
        SecretStore("ns", "rq-keys", api).complete(wanted)


def test_outside_of_a_cluster_nothing_is_made() -> None:
    with pytest.raises(KubernetesAway, match="no pod of a cluster"):
        SecretStore("ns", "rq-keys").complete(wanted)
