"""After news may have been lost: what is known is looked at soon, a few at a time, and hardly anybody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from routeiq.gateway.callers import lookup
from tests.support.asking import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk(capacity=1000)
    yield made
    await made.lookup.close()


async def test_all_may_exist(desk: Desk) -> None:
    desk.oracle.exists = False
    await desk.get()
    desk.lookup.doubt()
    assert desk.lookup.at_once("a") is None


async def test_what_is_in_use_is_renewed_beside_at_once(desk: Desk) -> None:
    await desk.get()
    desk.now += 5
    desk.lookup.doubt()
    assert desk.lookup.at_once("a") == 1
    await asyncio.sleep(0.001)
    assert desk.lookup.at_once("a") == 2
    desk.now += 44.9
    assert desk.lookup.at_once("a") == 2
    await asyncio.sleep(0.001)
    assert desk.oracle.asked == [("a", False), ("a", True)]


async def test_what_was_not_renewed_by_then_is_waited_for(desk: Desk) -> None:
    """Its next use may be an hour later: it never serves once more."""
    await desk.get()
    desk.lookup.doubt()
    desk.now += lookup.DOUBT_S
    assert desk.lookup.at_once("a") is None
    assert await desk.get() == 2


async def test_with_control_away_it_serves_on(desk: Desk) -> None:
    await desk.get()
    desk.lookup.doubt()
    desk.oracle.away = desk.oracle.fails = True
    desk.now += 1000
    assert await desk.get() == 1


async def test_only_so_many_a_second_are_asked_for_and_those_used_last_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MOST_DOUBTED_PER_S", 10)
    keys = [f"k{number:02}" for number in range(100)]
    for key in keys:
        await desk.get(key)
    desk.lookup.doubt()
    desk.oracle.asked.clear()
    for seconds in range(1, 11):
        desk.now += 0.99
        assert all(desk.lookup.at_once(key) for key in keys)
        await asyncio.sleep(0.001)
        assert len(desk.oracle.asked) <= 10 * seconds
        if seconds == 1:
            assert sorted(key for key, _ in desk.oracle.asked) == keys[-10:]
    assert len(desk.oracle.asked) >= 99


async def test_doubt_prolongs_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is in force its time after it was made, at the latest, however often the connection comes and goes."""
    monkeypatch.setattr(lookup, "MOST_DOUBTED_PER_S", 0.02)
    await desk.get("a")
    await desk.get("b")
    for _ in range(5):
        desk.now += 10
        desk.lookup.doubt()
    desk.now += 10
    assert [desk.lookup.at_once(key) for key in "ab"] == [None, None]


async def test_an_answer_on_its_way_is_asked_for_again(desk: Desk) -> None:
    desk.oracle.gate.clear()
    asking = asyncio.create_task(desk.get())
    await asyncio.sleep(0.001)
    desk.lookup.doubt()
    desk.oracle.gate.set()
    assert await asking == 2
    assert desk.oracle.kept == [2]
