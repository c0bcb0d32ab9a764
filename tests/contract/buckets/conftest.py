"""Both kinds of each: in memory, and on a real server under a name that is the test's alone."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import BucketSpec, KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.buckets import MemoryKeys, MemoryObjects
from tests.support.buses import connected

KINDS = ("memory", "nats")


@pytest.fixture
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    async with connected(request.getfixturevalue("nats_server")) as made:
        yield made


@pytest.fixture(params=KINDS)
def keys(request: pytest.FixtureRequest) -> KeyBucket | MemoryKeys:
    if request.param == "memory":
        return MemoryKeys()
    return KeyBucket(request.getfixturevalue("bus"), BucketSpec(f"test-{secrets.token_hex(4)}"))


@pytest.fixture(params=KINDS)
def objects(request: pytest.FixtureRequest) -> ObjectBucket | MemoryObjects:
    if request.param == "memory":
        return MemoryObjects()
    return ObjectBucket(request.getfixturevalue("bus"), f"test-{secrets.token_hex(4)}")
