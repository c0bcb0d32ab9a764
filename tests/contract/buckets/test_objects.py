"""What a store of objects promises, and its twin with it."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from routeiq.kit.bus_objects import PIECE_BYTES, ObjectBucket, ObjectMissing
from tests.support.buckets import MemoryObjects

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
async def test_what_was_put_is_got(objects: ObjectBucket | MemoryObjects, size: int) -> None:
    data = secrets.token_bytes(size)
    await objects.put("a", data)
    assert await objects.get("a") == data
    assert await objects.exists("a")


async def test_what_is_not_there_is_missing(objects: ObjectBucket | MemoryObjects) -> None:
    assert (await objects.exists("a"), await objects.names()) == (False, [])
    with pytest.raises(ObjectMissing):
        await objects.get("a")
    await objects.delete("a")


async def test_of_two_who_put_at_once_one_wins(objects: ObjectBucket | MemoryObjects) -> None:
    one, other = secrets.token_bytes(MIB), secrets.token_bytes(MIB)
    await asyncio.gather(objects.put("a", one), objects.put("a", other))
    assert await objects.get("a") in (one, other)


async def test_names_are_listed_and_deleted(objects: ObjectBucket | MemoryObjects) -> None:
    for name in ("b", "a/ü *>.b"):
        await objects.put(name, b"x")
    assert await objects.names() == ["a/ü *>.b", "b"]
    await objects.delete("b")
    assert (await objects.names(), await objects.exists("b")) == (["a/ü *>.b"], False)


async def test_the_last_put_counts(objects: ObjectBucket | MemoryObjects) -> None:
    for data in (b"x" * MIB, b"y", b"y"):
        await objects.put("a", data)
        assert await objects.get("a") == data


async def test_what_was_deleted_can_be_put_again(objects: ObjectBucket | MemoryObjects) -> None:
    for _ in range(3):
        await objects.put("a", b"x")
        assert await objects.get("a") == b"x"
        await objects.delete("a")
        assert not await objects.exists("a")
