"""What control was asked, kept: times, changes in between, strangers, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from routeiq.gateway.callers import lookup
from routeiq.kit.errors import Unavailable
from tests.support.asking import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.lookup.close()


async def test_an_answer_is_good_for_its_time(desk: Desk) -> None:
    assert await desk.get() == 1
    desk.now += 44.9
    assert desk.lookup.at_once("a") == 1
    assert desk.oracle.asked == [("a", False)]


async def test_in_the_last_part_of_it_it_is_renewed_beside(desk: Desk) -> None:
    await desk.get()
    desk.now += 45
    assert desk.lookup.at_once("a") == desk.lookup.at_once("a") == 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.lookup.at_once("a") == 2
    assert desk.oracle.asked == [("a", False), ("a", True)]


async def test_a_renewal_that_fails_is_tried_again_but_not_at_once(desk: Desk) -> None:
    await desk.get()
    desk.oracle.fails = True
    desk.now += 50
    for _ in range(5):
        assert desk.lookup.at_once("a") == 1
        await asyncio.sleep(0.001)
    assert len(desk.oracle.asked) == 2
    desk.now += 1
    desk.lookup.at_once("a")
    await asyncio.sleep(0.001)
    assert len(desk.oracle.asked) == 3


async def test_its_time_runs_from_the_question(desk: Desk) -> None:
    """Control may have looked just before a change of which nobody was told."""

    def pass_time() -> None:
        desk.now += 2

    desk.oracle.meanwhile = pass_time
    await desk.get()
    desk.now += 58
    assert desk.lookup.at_once("a") is None


async def test_after_its_time_who_asks_waits_for_a_new_one(desk: Desk) -> None:
    await desk.get()
    desk.now += 60
    assert desk.lookup.at_once("a") is None
    assert await desk.get() == 2


async def test_an_old_answer_serves_once_patience_is_over_and_nobody_else_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PATIENCE_S", 0.01)
    await desk.get()
    desk.oracle.gate.clear()
    desk.now += 61
    assert await desk.get() == 1
    assert desk.lookup.at_once("a") == 1, "in trouble nobody waits"
    assert desk.counts.count("stale") == 2
    desk.oracle.gate.set()
    await asyncio.sleep(0.001)
    assert desk.lookup.at_once("a") == 2


async def test_with_control_away_old_answers_serve_and_are_renewed_beside(desk: Desk) -> None:
    await desk.get()
    desk.oracle.away = True
    desk.now += 1000
    assert desk.lookup.at_once("a") == 1
    await asyncio.sleep(0.001)
    assert desk.lookup.at_once("a") == 2


async def test_in_trouble_whatever_is_used_finds_out_when_it_is_over(desk: Desk) -> None:
    desk.oracle.away = desk.oracle.fails = await desk.get() == 1
    desk.now += 1000
    for asked in (2, 2, 3, 3):
        assert desk.lookup.at_once("a") == 1
        await asyncio.sleep(0.001)
        assert len(desk.oracle.asked) == asked
        desk.now += lookup.PROBE_S / 2


async def test_too_old_is_no_answer(desk: Desk) -> None:
    await desk.get()
    desk.oracle.fails = desk.oracle.away = True
    desk.now += 3601
    with pytest.raises(Unavailable):
        await desk.get()
    assert desk.counts[-1] == "unavailable"


async def test_what_is_forgotten_does_not_serve_although_control_is_away(desk: Desk) -> None:
    await desk.get()
    desk.lookup.forget({"t:team"})
    desk.oracle.fails = True
    with pytest.raises(Unavailable):
        await desk.get()


async def test_forgotten_while_it_is_renewed_it_does_not_serve_as_an_old_answer(desk: Desk) -> None:
    await desk.get()
    desk.now += 61
    desk.oracle.gate.clear()
    asking = asyncio.create_task(desk.get())
    await asyncio.sleep(0.001)
    desk.lookup.forget({"k:a"})
    desk.oracle.fails = True
    desk.oracle.gate.set()
    with pytest.raises(Unavailable):
        await asking


@pytest.mark.parametrize(("label", "asked"), [("k:a", 2), ("t:team", 2), ("k:b", 1)])
async def test_an_answer_that_a_change_overtook_is_asked_for_again(desk: Desk, label: str, asked: int) -> None:
    desk.oracle.gate.clear()
    asking = asyncio.create_task(desk.get())
    await asyncio.sleep(0.001)
    desk.lookup.forget({label})
    desk.oracle.gate.set()
    assert await asking == asked
    assert len(desk.oracle.asked) == asked
    assert desk.oracle.kept == [asked]


async def test_changes_without_end_are_answered_but_nothing_is_kept(desk: Desk) -> None:
    desk.oracle.meanwhile = lambda: desk.lookup.forget({"k:a"})
    assert await desk.get() == 3
    assert desk.oracle.kept == []
    assert desk.lookup.at_once("a") is None


async def test_all_who_wait_share_one_question_and_one_that_leaves_takes_nothing_along(desk: Desk) -> None:
    desk.oracle.gate.clear()
    first, second = (asyncio.create_task(desk.get()) for _ in range(2))
    await asyncio.sleep(0.001)
    first.cancel()
    await asyncio.sleep(0)
    desk.oracle.gate.set()
    assert await second == 1
    assert len(desk.oracle.asked) == 1


async def test_what_does_not_exist_has_a_place_and_a_time_of_its_own() -> None:
    desk = Desk(capacity=2)
    await desk.get("good")
    desk.oracle.exists = False
    for number in range(5):
        await desk.get(f"bad{number}")
    assert desk.lookup.at_once("good") == 1
    assert desk.lookup.at_once("bad4") == 6
    assert desk.lookup.at_once("bad0") is None
    desk.now += 10
    assert desk.lookup.at_once("bad4") is None
    await desk.lookup.close()


async def test_what_is_gone_is_known_no_more(desk: Desk) -> None:
    await desk.get()
    desk.oracle.exists = False
    desk.now += 61
    await desk.get()
    desk.oracle.fails = desk.oracle.away = True
    desk.now += 11
    with pytest.raises(Unavailable):
        await desk.get()


async def test_an_old_answer_from_elsewhere_serves_but_is_renewed(desk: Desk) -> None:
    desk.oracle.age_s = 100.0
    assert await desk.get() == 1
    desk.oracle.age_s = 0.0
    assert await desk.get() == 2


async def test_it_asks_so_many_questions_at_one_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_ASKED", 3)
    desk.oracle.gate.clear()
    asking = [asyncio.create_task(desk.get(f"k{number}")) for number in range(5)]
    await asyncio.sleep(0.001)
    desk.oracle.gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in found] == [int, int, int, Unavailable, Unavailable]


async def test_so_many_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_WAITING", 3)
    desk.oracle.gate.clear()
    asking = [asyncio.create_task(desk.get()) for _ in range(5)]
    await asyncio.sleep(0.001)
    desk.oracle.gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["Unavailable", "Unavailable", "int", "int", "int"]


async def test_so_many_unknown_in_a_second(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_UNKNOWN_PER_S", 3)
    desk.oracle.exists = False
    for number in range(3):
        await desk.get(f"k{number}")
    with pytest.raises(Unavailable):
        await desk.get("another")
    desk.now += 1
    assert await desk.get("another") == 4


async def test_strangers_keep_nobody_out_who_is_known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_UNKNOWN_PER_S", 3)
    await desk.get("known")
    desk.now += 61
    desk.oracle.exists = False
    for number in range(3):
        await desk.get(f"k{number}")
    with pytest.raises(Unavailable):
        await desk.get("stranger")
    desk.oracle.exists = True
    assert await desk.get("known") == 5


async def test_closing_ends_what_is_asked(desk: Desk) -> None:
    desk.oracle.gate.clear()
    asking = asyncio.create_task(desk.get())
    await asyncio.sleep(0.001)
    await desk.lookup.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_what_is_good_for_a_shorter_time_is_asked_for_again_after_it(desk: Desk) -> None:
    desk.oracle.good_s = 30
    assert await desk.get() == 1
    desk.now += 29.9
    assert desk.lookup.at_once("a") == 1
    desk.now += 0.1
    assert desk.lookup.at_once("a") is None
    assert await desk.get() == 2
    assert len(desk.oracle.asked) == 2


async def test_it_is_not_renewed_before_that(desk: Desk) -> None:
    """Nor all of them each second of the last minute before midnight."""
    desk.oracle.good_s = 5
    await desk.get()
    for _ in range(4):
        desk.now += 1.2
        assert desk.lookup.at_once("a") == 1
        await asyncio.sleep(0.001)
    assert len(desk.oracle.asked) == 1


async def test_without_control_it_serves_on(desk: Desk) -> None:
    desk.oracle.good_s = 5
    await desk.get()
    desk.oracle.fails = True
    desk.now += 6
    assert await desk.get() == 1
    assert desk.counts[-1] == "stale"
