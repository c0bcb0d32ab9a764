"""What a bucket of keys promises, and its twin with it."""

from __future__ import annotations

import pytest

from routeiq.kit.bus_keys import Entry, KeyBucket, KeyChanged, KeyExists
from tests.support.buckets import MemoryKeys
from tests.support.buses import outcomes


async def test_a_value_is_read_as_it_was_put(keys: KeyBucket | MemoryKeys) -> None:
    assert await keys.get("a") is None
    first = await keys.put("a", b"one")
    second = await keys.put("a", b"\x00two")
    assert second > first
    assert await keys.get("a") == Entry(b"\x00two", second)


async def test_an_empty_value_is_a_value(keys: KeyBucket | MemoryKeys) -> None:
    revision = await keys.put("a", b"")
    assert await keys.get("a") == Entry(b"", revision)
    assert await keys.entries() == {"a": Entry(b"", revision)}


async def test_all_that_there_is_is_read_at_once(keys: KeyBucket | MemoryKeys) -> None:
    assert await keys.entries() == {}
    for number in range(300):
        await keys.put(f"gateway.{number}", b"%d" % number)
    await keys.delete("gateway.7")
    found = await keys.entries()
    assert {key: entry.value for key, entry in found.items()} == {
        f"gateway.{number}": b"%d" % number for number in range(300) if number != 7
    }


async def test_of_many_who_create_a_key_one_does(keys: KeyBucket | MemoryKeys) -> None:
    assert await outcomes(*(keys.create("a", b"x") for _ in range(20))) == [KeyExists] * 19 + [int]


async def test_of_many_who_change_a_value_one_does(keys: KeyBucket | MemoryKeys) -> None:
    revision = await keys.create("a", b"x")
    assert await outcomes(*(keys.update("a", b"y", revision) for _ in range(20))) == [KeyChanged] * 19 + [int]
    with pytest.raises(KeyChanged):
        await keys.update("a", b"z", revision)
    with pytest.raises(KeyExists):
        await keys.create("a", b"z")
    entry = await keys.get("a")
    assert entry is not None
    assert entry.value == b"y"


async def test_a_key_that_was_deleted_can_be_created(keys: KeyBucket | MemoryKeys) -> None:
    first = await keys.create("a", b"x")
    await keys.delete("a")
    await keys.delete("a")
    assert await keys.get("a") is None
    with pytest.raises(KeyChanged):
        await keys.update("a", b"y", first)
    second = await keys.create("a", b"z")
    assert await keys.get("a") == Entry(b"z", second)


async def test_only_what_was_read_is_deleted(keys: KeyBucket | MemoryKeys) -> None:
    first = await keys.put("a", b"x")
    second = await keys.put("a", b"y")
    with pytest.raises(KeyChanged):
        await keys.delete("a", first)
    await keys.delete("a", second)
    assert await keys.get("a") is None
