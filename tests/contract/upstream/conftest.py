"""One fake provider for all tests of this folder, and every HTTP client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest
import uvloop

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_pool import PooledClient
from tests.support.adversary import Adversary, adversary
from tests.support.http_clients import KINDS, MakeClient, make_client
from tests.support.processes import FakeProvider, fake_provider


@pytest.fixture(scope="session")
def shared_fake() -> Iterator[FakeProvider]:
    with fake_provider() as running:
        yield running


@pytest.fixture
def fake(shared_fake: FakeProvider) -> FakeProvider:
    """The fake provider with an empty log."""
    shared_fake.reset()
    return shared_fake


@pytest.fixture(params=KINDS)
def make_http(request: pytest.FixtureRequest) -> MakeClient:
    """Makes the client under test, each implementation in its turn."""
    return partial(make_client, request.param)


@pytest.fixture
async def http(make_http: MakeClient) -> AsyncIterator[HTTPClient]:
    """The client under test."""
    client = make_http()
    yield client
    await client.close()


@pytest.fixture
async def pool() -> AsyncIterator[PooledClient]:
    """Our own, which must have no socket left at its end."""
    client = PooledClient()
    yield client
    await client.close()
    assert client.open_connections == 0


@pytest.fixture
async def upstream() -> AsyncIterator[Adversary]:
    """A server that does what it is told."""
    async with adversary() as running:
        yield running


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """HTTP clients are tested on the loop of production as well."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name.startswith("test_http_"):
        factories["uvloop"] = uvloop.new_event_loop
    return factories
