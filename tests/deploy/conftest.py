"""Each test that takes `chart` runs for every rendering of tests/deploy/values."""

from __future__ import annotations

import pytest

from tests.support.chart import RENDERINGS, Rendering, rendering


@pytest.fixture(params=RENDERINGS, scope="session")
def chart(request: pytest.FixtureRequest) -> Rendering:
    return rendering(request.param)


@pytest.fixture(scope="session")
def everything() -> Rendering:
    return rendering("everything")
