"""One fleet for all of these tests: each leaves it on its feet, and begins with a version of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rolling.world import World, world_in


@pytest.fixture(scope="package")
def fleet_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("rolling")) as world:
        yield world


@pytest.fixture
def world(fleet_world: World) -> Iterator[World]:
    """The same, with everything running."""
    yield fleet_world
    fleet_world.heal()
