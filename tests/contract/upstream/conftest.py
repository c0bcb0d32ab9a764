"""One fake provider for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
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


@pytest.fixture
async def http() -> AsyncIterator[HTTPClient]:
    """The client under test."""
    client = AiohttpClient(connect_timeout_s=2, max_body_bytes=1024 * 1024)
    yield client
    await client.close()
