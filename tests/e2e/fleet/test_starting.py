"""A gateway that starts while others are away serves the last version: from NATS, and without NATS from its disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.fleet import HEADERS
from tests.support.rolling.door import Way
from tests.support.rolling.settings import LATER, SYNCS
from tests.support.rolling.traffic import MESSAGE
from tests.support.rolling.world import World
from tests.support.waiting import PATIENCE_S

WAITED_S = 8.0
"""Longer than a gateway waits for a newer version than the one that it has."""


@pytest.fixture(scope="module")
def away(fleet_world: World) -> Iterator[World]:
    """The fleet has a version; then the object store and every config-sync are away."""
    fleet_world.publish()
    fleet_world.api.until_all()
    fleet_world.door.turn(Way.HANGS)
    for name in SYNCS:
        fleet_world.kill(name)
    yield fleet_world
    fleet_world.heal()


@pytest.fixture
def lonely(away: World) -> Iterator[World]:
    """The same, in which the gateway that is to start does not run."""
    yield away
    if LATER in away.fleet.processes:
        away.kill(LATER)


def said(world: World, gateway: str) -> tuple[str, str]:
    """The content of an answer, and the version that it names."""
    body = {"model": "m", "messages": MESSAGE}
    url = f"{world.fleet.url_of(gateway)}/v1/chat/completions"
    answer = httpx.post(url, json=body, headers=HEADERS, timeout=PATIENCE_S)
    return answer.json()["choices"][0]["message"]["content"], answer.headers["x-routeiq-version"]


def test_a_new_gateway_serves_what_the_others_serve(lonely: World) -> None:
    lonely.start(LATER)
    assert said(lonely, LATER) == said(lonely, "gateway")


def test_without_nats_it_serves_what_it_had(lonely: World) -> None:
    lonely.start(LATER)
    before = said(lonely, LATER)
    lonely.fleet.stop(LATER)
    with lonely.without_nats():
        lonely.start(LATER)
        assert said(lonely, LATER) == before == said(lonely, "gateway")


def test_without_nats_and_disk_it_is_not_ready(lonely: World) -> None:
    shutil.rmtree(lonely.fleet.folder / f"state-{LATER}", ignore_errors=True)
    with lonely.without_nats():
        lonely.fleet.start(LATER)
        time.sleep(WAITED_S)
        assert readiness(lonely) == 503
    lonely.fleet.wait(LATER)
    assert said(lonely, LATER) == said(lonely, "gateway")


def readiness(world: World) -> int:
    return httpx.get(
        f"http://127.0.0.1:{world.fleet.ports[f'{LATER}-ops']}/_health/ready", timeout=PATIENCE_S
    ).status_code
