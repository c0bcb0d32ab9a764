"""What must not be served never is: the fleet stays on its version, and the status says what is wrong, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.rolling.documents import written
from tests.support.rolling.standing import standing
from tests.support.rolling.world import World

RATE = 40.0
AN_ID = "ab" * 32
MIB = 1024 * 1024


def good(world: World, **sections: object) -> bytes:
    return written(world.document(next(world.numbers), **sections))


def broken_yaml(world: World) -> None:
    world.store.put(good(world) + b"general_settings: [never closed\n")


def unknown_strategy(world: World) -> None:
    world.store.put(good(world, router_settings={"routing_strategy": "by-the-stars"}))


def missing_artifact(world: World) -> None:
    world.store.put(good(world, routeiq={"artifact": AN_ID}))


def wrong_signature(world: World) -> None:
    world.store.put(good(world), key=Ed25519PrivateKey.generate())


def fifty_mib(world: World) -> None:
    line = b"# " + b"x" * 1021 + b"\n"
    world.store.put(good(world) + line * (50 * MIB // len(line)))


@pytest.mark.parametrize(
    ("put", "says"),
    [
        (broken_yaml, ["config.yaml:"]),
        (unknown_strategy, ["config.yaml:", "router_settings.routing_strategy", "unknown strategy"]),
        (missing_artifact, [AN_ID]),
        (wrong_signature, ["config.yaml.sig", "signed by key"]),
        (fifty_mib, ["is larger than", "MiB"]),
    ],
)
async def test_the_fleet_stays_where_it_is(world: World, put: Callable[[World], None], says: list[str]) -> None:
    async with standing(world, RATE) as stood:
        await asyncio.to_thread(put, world)
        answer = await asyncio.to_thread(world.api.reload)
        status = await asyncio.to_thread(world.api.until_wrong, says)
        await asyncio.sleep(2)
        stood.still()
        assert answer["status"] == "failed", answer
        assert status["replicas"]["acked"] == status["replicas"]["total"]
        number = await asyncio.to_thread(world.publish)
        await stood.all_at(number)
        await asyncio.to_thread(world.api.until_all)
        await asyncio.to_thread(world.api.until, lambda status: status["last_error"] is None)  # it may be seconds old
        stood.nothing_lost()
