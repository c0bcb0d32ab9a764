"""What the environment says of where the tests of a cluster run."""

from __future__ import annotations

import pytest

from tests.support.target import target_of


def test_without_a_word_it_is_processes() -> None:
    assert target_of({}) is None
    assert target_of({"RQ_E2E_TARGET": "process"}) is None


def test_what_is_none_of_the_three_is_refused() -> None:
    with pytest.raises(ValueError, match="RQ_E2E_TARGET=kind"):
        target_of({"RQ_E2E_TARGET": "kind"})


def test_images_loaded_into_kind_need_no_more_words() -> None:
    found = target_of({"RQ_E2E_TARGET": "kubeconfig"})
    assert found is not None
    assert not found.hermetic
    assert (found.registry, found.tag, found.ingress_class, found.ingress_url) == ("localhost", "test", "nginx", "")


def test_servers_images_are_named_one_by_one() -> None:
    found = target_of(
        {"RQ_E2E_TARGET": "kubeconfig", "RQ_E2E_SERVERS": "nats=mirror.example:5000/nats:2 redis=valkey:8"}
    )
    assert found is not None
    assert found.servers == {"nats": "mirror.example:5000/nats:2", "redis": "valkey:8"}


@pytest.mark.parametrize("said", ["valkey=localhost/valkey:1", "nats", "nats="])
def test_a_server_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="NAME=IMAGE"):
        target_of({"RQ_E2E_TARGET": "kubeconfig", "RQ_E2E_SERVERS": said})


def test_an_address_may_end_in_a_slash() -> None:
    found = target_of({"RQ_E2E_TARGET": "kubeconfig", "RQ_E2E_INGRESS_URL": "http://localhost:8080/"})
    assert found is not None
    assert found.ingress_url == "http://localhost:8080"
