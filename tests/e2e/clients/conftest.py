"""One control with two gateways for each kind of database, for all of these tests; or on a cluster, with its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.cluster.support.pair import pair_on
from tests.support.fleet import DOCUMENT, KEY
from tests.support.processes import FakeProvider, fake_provider
from tests.support.replicas import SERVICE_KEY, SETTINGS, Gateways, Manager, replicas_in
from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES
from tests.support.target import FOUND


@pytest.fixture(scope="package")
def upstream() -> Iterator[FakeProvider]:
    if FOUND is not None and not FOUND.host:
        pytest.skip("RQ_E2E_HOST names no address by which pods reach this machine")
    with fake_provider(FOUND.host if FOUND else "127.0.0.1") as started:
        yield started


def documented() -> dict[str, Any]:
    """The gateways' document."""
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    document["model_list"][1]["model_info"]["access_groups"] = ["cheap"]
    return document


@pytest.fixture(scope="package", params=DATABASES if FOUND is None else [FOUND.kind])
def replicas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    if FOUND is not None:
        with pair_on(FOUND, documented(), SETTINGS, {"master-key": KEY, "service-keys": SERVICE_KEY}) as pair:
            yield pair
        return
    folder = tmp_path_factory.mktemp("replicas")
    nats: NATS = request.getfixturevalue("nats_server")
    database_url = f"sqlite:///{folder / 'control.db'}"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        database_url = server.url_of(server.create())
    with replicas_in(folder, database_url, nats.url, documented()) as fleet:
        yield fleet


@pytest.fixture
def one(replicas: Gateways) -> Iterator[Manager]:
    """The gateway through which most is written."""
    with Manager(replicas.url_of("gateway")) as made:
        yield made


@pytest.fixture
def two(replicas: Gateways) -> Iterator[Manager]:
    """The other one."""
    with Manager(replicas.url_of("gateway-2")) as made:
        yield made


@pytest.fixture
def service_one(replicas: Gateways) -> Iterator[Manager]:
    """On the LLM Gateway API's own port, as its services call it."""
    with Manager(replicas.url_of("gateway-api"), SERVICE_KEY, "X-Service-Key") as made:
        yield made


@pytest.fixture
def service_two(replicas: Gateways) -> Iterator[Manager]:
    with Manager(replicas.url_of("gateway-2-api"), SERVICE_KEY, "X-Service-Key") as made:
        yield made


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """LiteLLM's own clients of its proxy."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would ask the internet for one
    found: ModuleType = pytest.importorskip("litellm.proxy.client")
    return found
