"""Following the overlay: in order, back only as control means it, told when it is in force, on with what there is."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.clients.control import ControlUnavailable
from routeiq.config.document import Document
from routeiq.config.load import Loaded
from routeiq.config.problems import Problems
from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.gateway.changes import Changes
from routeiq.gateway.overlay.follower import STANDS_S, OverlayFollower
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.kept import kept_overlay
from routeiq.gateway.state import StateHolder
from routeiq.kit.errors import ConfigurationError
from tests.support.twins import deployment, state
from tests.support.waiting import LONGER_S, PATIENCE_S, until

DOCUMENT = state(deployment("small"))


@dataclass
class TwinControl:
    """Has one overlay, and may be away or slow. `asked`: the versions that it was told."""

    version: int = 0
    away: bool = False
    slow: asyncio.Event | None = None
    asked: list[int] = field(default_factory=list)

    async def overlay(self, version: int) -> pb.Overlay | None:
        self.asked.append(version)
        now = self.version
        if self.slow is not None:
            await self.slow.wait()
        if self.away:
            raise ControlUnavailable("away")
        return pb.Overlay(version=now) if now != version else None


@dataclass
class TwinCallers:
    """Says what it was told to forget."""

    forgotten: list[pb.Changed] = field(default_factory=list)
    doubts: int = 0

    def forget(self, changed: pb.Changed) -> None:
        self.forgotten.append(changed)

    def missed(self) -> None:
        self.doubts += 1


@dataclass
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def merged(start: Start, overlay: pb.Overlay) -> State:
    if overlay.version == 13:
        raise ConfigurationError(["it does not build"])
    return replace(DOCUMENT, version=f"c1.s{overlay.version}")


@asynccontextmanager
async def following(
    control: TwinControl, folder: Path | None = None, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[tuple[OverlayFollower, StateHolder]]:
    holder = StateHolder(DOCUMENT)
    kept = kept_overlay(folder) if folder is not None else None
    in_force = InForce(holder, Start(DOCUMENT, Loaded(Document(), {}, Problems("x")), {}), merged)
    follower = OverlayFollower(in_force, control.overlay, kept, every_s=every_s, clock=clock)
    await follower.begin()
    task = asyncio.create_task(follower.follow())
    try:
        yield follower, holder
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_it_is_fetched_at_the_start_and_when_told() -> None:
    control = TwinControl(version=3)
    async with following(control) as (follower, holder):
        await until(lambda: holder.current.version == "c1.s3")
        control.version = 4
        assert await follower.reach(4, PATIENCE_S)
        assert (holder.current.version, control.asked) == ("c1.s4", [0, 3])


async def test_it_is_asked_for_in_case_nobody_tells() -> None:
    control = TwinControl()
    async with following(control, every_s=0.02) as (_, holder):
        await until(lambda: len(control.asked) > 2)
        control.version = 1
        await until(lambda: 1 in control.asked)
        assert holder.current.version == "c1.s1"


async def test_an_older_one_is_taken_once_control_stands_by_it(tmp_path: Path) -> None:
    """Its database was restored: what control says is what there is."""
    control, now = TwinControl(version=5), FakeClock()
    async with following(control, tmp_path, clock=now) as (follower, holder):
        assert await follower.reach(5, PATIENCE_S)
        control.version = 4
        for _ in range(2):
            assert not await follower.reach(6, PATIENCE_S)
            assert holder.current.version == "c1.s5"
            now.now += STANDS_S - 1
        now.now += 2
        assert not await follower.reach(6, PATIENCE_S)
        assert (holder.current.version, follower.version) == ("c1.s4", 4)
        await until(lambda: (kept := kept_overlay(tmp_path).read()) is not None and kept.version == 4)


@pytest.mark.parametrize("between", [3, 5])
async def test_an_older_one_that_is_not_all_that_control_says_is_not_taken(between: int) -> None:
    control, now = TwinControl(version=5), FakeClock()
    async with following(control, clock=now) as (follower, holder):
        assert await follower.reach(5, PATIENCE_S)
        for version in (4, between, 4):
            control.version = version
            now.now += STANDS_S - 1
            assert not await follower.reach(6, PATIENCE_S)
        assert holder.current.version == "c1.s5"


async def test_a_database_that_was_lost_takes_nothing_out_of_service() -> None:
    """Its first change is newer than all that was, and is taken."""
    control, now = TwinControl(version=5), FakeClock()
    async with following(control, clock=now) as (follower, holder):
        assert await follower.reach(5, PATIENCE_S)
        control.version = 0
        for _ in range(3):
            assert not await follower.reach(6, PATIENCE_S)
            now.now += STANDS_S
        assert holder.current.version == "c1.s5"
        control.version = 6
        assert await follower.reach(6, PATIENCE_S)
        assert holder.current.version == "c1.s6"


async def test_two_that_wait_are_served_in_order() -> None:
    """A round that began before a write cannot show it; the next one does."""
    control = TwinControl(version=1, slow=asyncio.Event())
    async with following(control) as (follower, holder):
        await until(lambda: control.asked == [0])
        control.version = 2
        waits = [asyncio.create_task(follower.reach(version, PATIENCE_S)) for version in (1, 2)]
        await asyncio.sleep(0.01)
        assert control.slow is not None
        control.slow.set()
        assert await asyncio.gather(*waits) == [True, True]
        assert (holder.current.version, control.asked) == ("c1.s2", [0, 1])


async def test_who_waits_is_told_that_control_is_away() -> None:
    async with following(TwinControl(away=True)) as (follower, holder):
        async with asyncio.timeout(PATIENCE_S):
            assert not await follower.reach(9, LONGER_S)
        assert holder.current is DOCUMENT
        assert await follower.settled()


async def test_who_waits_does_so_for_a_while_only() -> None:
    async with following(TwinControl(slow=asyncio.Event())) as (follower, _):
        assert not await follower.reach(9, timeout_s=0.02)
        assert not await follower.settled()


async def test_one_that_cannot_be_merged_leaves_what_is_in_force() -> None:
    control = TwinControl(version=13)
    async with following(control) as (follower, holder):
        assert not await follower.reach(13, PATIENCE_S)
        assert holder.current is DOCUMENT
        control.version = 14
        assert await follower.reach(14, PATIENCE_S)


async def test_a_start_without_control_is_from_disk(tmp_path: Path) -> None:
    control = TwinControl(version=6)
    async with following(control, tmp_path) as (follower, _):
        assert await follower.reach(6, PATIENCE_S)
        await until(lambda: kept_overlay(tmp_path).read() is not None)
    away = TwinControl(version=9, away=True)
    async with following(away, tmp_path) as (follower, holder):
        assert (holder.current.version, follower.version) == ("c1.s6", 6)
        await until(lambda: away.asked == [6])
        away.away = False
        assert await follower.reach(9, PATIENCE_S)


def header(**changed: object) -> bytes:
    return b64encode(pb.Changed(**changed).SerializeToString())  # type: ignore[arg-type]


async def test_a_write_is_in_force_once_it_is_applied() -> None:
    control, callers = TwinControl(), TwinCallers()
    async with following(control) as (follower, holder):
        changes = Changes(callers, follower)
        control.version = 1
        await changes.apply(header(keys=["k"], overlay_version=1))
        assert holder.current.version == "c1.s1"
        assert [list(one.keys) for one in callers.forgotten] == [["k"]]
        asked = len(control.asked)
        await changes.apply(header(teams=["t"]))
        assert len(control.asked) == asked


@pytest.mark.parametrize("value", [b"", b"*", b64encode(b"\xff\xff")])
async def test_what_cannot_be_read_makes_everything_doubtful_but_nothing_fail(value: bytes) -> None:
    callers = TwinCallers()
    async with following(TwinControl()) as (follower, _):
        await Changes(callers, follower).apply(value)
    assert callers.doubts == (1 if value else 0)


async def test_news_of_others_is_taken_and_what_was_missed_is_fetched() -> None:
    control, callers = TwinControl(), TwinCallers()
    async with following(control) as (follower, holder):
        changes = Changes(callers, follower)
        control.version = 2
        changes.heard(pb.Changed(overlay_version=2).SerializeToString())
        await until(lambda: holder.current.version == "c1.s2")
        control.version = 3
        changes.missed()
        await until(lambda: holder.current.version == "c1.s3")
    assert callers.doubts == 1
