"""What is said in a turn of the loop is done at its end, stage by stage, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from routeiq.kit.turn import Turn, turn_of


class Diary:
    """What was done, in order; also of who has something to write."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def says(self, line: str, *also: Callable[[], None]) -> Callable[[], None]:
        """Work that says so, and does more."""

        def work() -> None:
            self.lines.append(line)
            for one in also:
                one()

        return work

    def flush(self) -> None:
        self.lines.append("written")


@pytest.fixture
async def turn() -> Turn:
    return turn_of(asyncio.get_running_loop())


@pytest.fixture
def diary() -> Diary:
    return Diary()


async def test_each_stage_is_done_for_all_before_the_next(turn: Turn, diary: Diary) -> None:
    for number in "12":
        turn.end(diary.says(f"settled {number}"))
    await asyncio.sleep(0)
    diary.lines.clear()
    for number in "12":
        turn.write(diary)
        turn.call(diary.says(f"called {number}"))
        turn.begin(diary.says(f"begun {number}"))
        turn.answer(diary.says(f"answered {number}"))
    assert diary.lines == []
    await asyncio.sleep(0)
    both = [f"{stage} {number}" for stage in ("answered", "begun", "called") for number in "12"]
    assert diary.lines == [*both, "written", "written"]


async def test_what_a_stage_leads_to_is_done_in_the_same_turn(turn: Turn, diary: Diary) -> None:
    settled = diary.says("settled")
    called = diary.says("called", lambda: turn.write(diary))
    turn.answer(diary.says("answered", lambda: turn.write(diary), lambda: turn.end(settled)))
    turn.begin(diary.says("begun", lambda: turn.call(called)))
    await asyncio.sleep(0)
    assert diary.lines == ["answered", "begun", "called", "written", "written", "settled"]


async def test_what_is_over_is_settled_before_anything_begins(turn: Turn, diary: Diary) -> None:
    turn.begin(diary.says("begun"))
    turn.answer(diary.says("answered"))
    turn.end(diary.says("settled"))
    await asyncio.sleep(0)
    assert diary.lines == ["settled", "answered", "begun"]


async def test_what_fails_is_logged_and_keeps_nothing_from_being_done(turn: Turn, diary: Diary) -> None:
    def fails() -> None:
        raise ArithmeticError("of one request")

    for stage in turn.answer, turn.begin, turn.call, turn.end:
        stage(fails)
        stage(diary.says(stage.__name__))
    with capture_logs() as logs:
        await asyncio.sleep(0)
    assert diary.lines == ["end", "answer", "begin", "call"]
    assert [line["event"] for line in logs] == ["turn.failed"] * 4


async def test_a_write_that_fails_keeps_none_from_being_written(turn: Turn, diary: Diary) -> None:
    class Broken:
        def flush(self) -> None:
            raise ArithmeticError

    for writer in Broken(), diary:
        turn.write(writer)
    turn.end(diary.says("settled"))
    turn.begin(lambda: turn.end(diary.says("settled, too")))
    with capture_logs() as logs:
        await asyncio.sleep(0)
    assert diary.lines == ["settled", "written", "settled, too"]
    assert [line["event"] for line in logs] == ["turn.failed"]


async def test_what_leads_back_waits_for_the_next_turn(turn: Turn, diary: Diary) -> None:
    turn.end(diary.says("settled", lambda: turn.begin(diary.says("begun"))))
    await asyncio.sleep(0)
    assert diary.lines == ["settled", "begun"]
    turn.call(diary.says("called", lambda: turn.begin(diary.says("begun"))))
    await asyncio.sleep(0)
    assert diary.lines[2:] == ["called"]
    await asyncio.sleep(0)
    assert diary.lines[2:] == ["called", "begun"]


async def test_a_loop_has_one_turn(turn: Turn) -> None:
    assert turn_of(asyncio.get_running_loop()) is turn
