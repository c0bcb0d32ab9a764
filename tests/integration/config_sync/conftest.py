"""A NATS of the test's own, a bus to it, and a document in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routeiq.kit.bus import Bus
from tests.support.buses import connected
from tests.support.servers.nats import NATS
from tests.support.syncing import FAST, document


@pytest.fixture
async def bus(own_nats: NATS) -> AsyncIterator[Bus]:
    async with connected(own_nats) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(document("one", FAST))
    return path
