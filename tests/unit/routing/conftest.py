"""An engine that serves the twin of an artifact."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from routeiq.routing.engine import Engine, EngineMetrics
from routeiq.routing.settings import Settings
from tests.support.routing import FakeEncoder, twin_loaded


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    made = Engine(Settings(), EngineMetrics(CollectorRegistry()))
    made.start()
    made.swap(twin_loaded(FakeEncoder()))
    yield made
    await made.close()
