"""One control with two gateways for each kind of database, for all of these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.support.fleet import DOCUMENT, Fleet
from tests.support.processes import FakeProvider, fake_provider
from tests.support.replicas import SERVICE_KEY, Manager, replicas_in
from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES


@pytest.fixture(scope="package")
def upstream() -> Iterator[FakeProvider]:
    with fake_provider() as started:
        yield started


@pytest.fixture(scope="package", params=DATABASES)
def replicas(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nats_server: NATS
) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("replicas")
    database_url = f"sqlite:///{folder / 'control.db'}"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        database_url = server.url_of(server.create())
    document = json.loads(json.dumps(DOCUMENT))
    document["model_list"][1]["model_info"]["access_groups"] = ["cheap"]
    with replicas_in(folder, database_url, nats_server.url, document) as fleet:
        yield fleet


@pytest.fixture
def one(replicas: Fleet) -> Iterator[Manager]:
    """The gateway through which most is written."""
    with Manager(replicas.url_of("gateway")) as made:
        yield made


@pytest.fixture
def two(replicas: Fleet) -> Iterator[Manager]:
    """The other one."""
    with Manager(replicas.url_of("gateway-2")) as made:
        yield made


@pytest.fixture
def service_one(replicas: Fleet) -> Iterator[Manager]:
    """On the LLM Gateway API's own port, as its services call it."""
    with Manager(f"http://127.0.0.1:{replicas.ports['gateway-api']}", SERVICE_KEY, "X-Service-Key") as made:
        yield made


@pytest.fixture
def service_two(replicas: Fleet) -> Iterator[Manager]:
    with Manager(f"http://127.0.0.1:{replicas.ports['gateway-2-api']}", SERVICE_KEY, "X-Service-Key") as made:
        yield made


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """LiteLLM's own clients of its proxy."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would ask the internet for one
    found: ModuleType = pytest.importorskip("litellm.proxy.client")
    return found
