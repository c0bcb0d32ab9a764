"""What a bucket of keys tells who watches it, and its twin with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from routeiq.kit.bus_keys import Entry, KeyBucket
from tests.support.buckets import MemoryKeys
from tests.support.buses import Watcher, running, watching
from tests.support.waiting import until


async def test_the_first_thing_told_is_the_whole(keys: KeyBucket | MemoryKeys) -> None:
    for number in range(300):
        await keys.put(f"k.{number}", b"x")
    await keys.delete("k.7")
    async with watching(keys) as watcher:
        await until(lambda: bool(watcher.told))
        assert watcher.told == [{f"k.{number}": b"x" for number in range(300) if number != 7}]


async def test_of_an_empty_bucket_it_is_told_that_it_is(keys: KeyBucket | MemoryKeys) -> None:
    async with watching(keys) as watcher:
        await until(lambda: bool(watcher.told))
        assert watcher.told == [{}]


async def test_of_a_bucket_from_which_all_was_deleted_it_is_told_that_it_is_empty(keys: KeyBucket | MemoryKeys) -> None:
    await keys.put("a", b"x")
    await keys.delete("a")
    async with watching(keys) as watcher:
        await until(lambda: bool(watcher.told))
        assert watcher.told == [{}]


async def test_each_change_is_told(keys: KeyBucket | MemoryKeys) -> None:
    async with watching(keys) as watcher:
        await watcher.until({})
        await keys.put("a", b"1")
        await watcher.until({"a": b"1"})
        await keys.put("b", b"2")
        await watcher.until({"a": b"1", "b": b"2"})
        await keys.put("a", b"3")
        await watcher.until({"a": b"3", "b": b"2"})
        await keys.delete("b")
        await watcher.until({"a": b"3"})


async def test_a_thousand_changes_end_in_the_last(keys: KeyBucket | MemoryKeys) -> None:
    async with watching(keys) as one, watching(keys) as other:
        await one.until({})
        for number in range(1000):
            await keys.put(f"k.{number % 10}", b"%d" % number)
        last = {f"k.{number % 10}": b"%d" % number for number in range(990, 1000)}
        await one.until(last)
        await other.until(last)


async def test_one_that_cannot_take_what_it_is_told_is_told_the_next(keys: KeyBucket | MemoryKeys) -> None:
    watcher = Watcher()

    def hear(entries: Mapping[str, Entry]) -> None:
        watcher.hear(entries)
        if len(watcher.told) == 1:
            raise ValueError("cannot take it")

    async with running(asyncio.create_task(keys.watch(hear))):
        await watcher.until({})
        await keys.put("a", b"x")
        await watcher.until({"a": b"x"})
