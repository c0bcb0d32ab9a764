"""Which document control begins with, where the fleet has the word: over a real NATS server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routeiq.clients.fleet_names import DOCUMENTS, FLEET, REPLICAS
from routeiq.config.start import Start
from routeiq.control.beginning import begin
from routeiq.control.settings import Settings
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from routeiq.kit.errors import ConfigurationError
from tests.support.buses import connected
from tests.support.following import Leader, release
from tests.support.servers.nats import NATS

FLEETS, OWN = "litellm_settings: {timezone: Europe/Berlin}", "litellm_settings: {timezone: Asia/Tokyo}"
BROKEN = "model_list: 7"
AWAY = "nats://127.0.0.1:9"


@pytest.fixture
async def leader(own_nats: NATS) -> AsyncIterator[Leader]:
    async with connected(own_nats) as bus:
        yield Leader(KeyBucket(bus, FLEET), KeyBucket(bus, REPLICAS), ObjectBucket(bus, DOCUMENTS))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(OWN)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return path


def told(url: str, config_from: str = "fleet") -> Settings:
    return Settings.model_validate({"config_from": config_from, "nats_url": url})


def timezone(start: Start) -> str | None:
    return start.loaded.document.litellm.timezone


async def test_the_fleets_document_goes_before_its_own(own_nats: NATS, leader: Leader, own: Path) -> None:
    await leader.store(FLEETS)
    await leader.want(release(1, FLEETS))
    assert timezone(await begin(told(own_nats.url), own, {})) == "Europe/Berlin"
    assert timezone(await begin(told(own_nats.url, "own"), own, {})) == "Asia/Tokyo"


async def test_without_a_release_it_is_its_own(own_nats: NATS, own: Path) -> None:
    assert timezone(await begin(told(own_nats.url), own, {})) == "Asia/Tokyo"


async def test_what_does_not_build_here_is_left(own_nats: NATS, leader: Leader, own: Path) -> None:
    await leader.store(BROKEN)
    await leader.want(release(1, BROKEN))
    assert timezone(await begin(told(own_nats.url), own, {})) == "Asia/Tokyo"


async def test_with_neither_it_begins_without_models(own_nats: NATS, broken: Path) -> None:
    for document in (broken, None):
        assert (await begin(told(own_nats.url), document, {})).loaded.raw == {"model_list": []}
    with pytest.raises(ConfigurationError, match="model_list"):
        await begin(told(own_nats.url, "own"), broken, {})


async def test_a_server_that_is_away_holds_a_start_up_for_moments(own: Path) -> None:
    assert timezone(await begin(told(AWAY), own, {}, patience_s=0.3)) == "Asia/Tokyo"
    assert timezone(await begin(told(""), own, {})) == "Asia/Tokyo"
