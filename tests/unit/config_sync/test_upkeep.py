"""What the leader looks after: what is wanted is there, whatever else cannot be done now."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from routeiq.config_sync import upkeep as upkeep_module
from routeiq.config_sync.record import Record, Release, Wish
from routeiq.config_sync.upkeep import Upkeep
from routeiq.kit.bus import BusUnavailable
from tests.support.buses import running
from tests.support.waiting import until

GOOD, WANTED = Release("d1", artifact="a" * 64, number=1), Release("d2", artifact="b" * 64, number=2)


class World:
    """A fleet with a store. `places`: by document, what its place has. `done`: what was done, in order."""

    def __init__(self) -> None:
        self.store: set[str] = set()
        self.places = {one.document: one.artifact for one in (GOOD, WANTED)}
        self.done: list[str] = []
        self.leads, self.away = True, False
        self.upkeep = Upkeep(lambda: self.leads, self.record, self, self.bring, self.sweep)

    def record(self) -> Record:
        return Record(good=GOOD, desired=Wish(WANTED, 2))

    async def bring(self, release: Release) -> str:
        self.done.append(f"bring {release.document}")
        if self.away:
            raise BusUnavailable("the store of archives is away")
        brought = self.places[release.document]
        self.store.add(brought)
        return brought

    async def has(self, artifact_id: str) -> bool:
        return artifact_id in self.store

    async def mend(self) -> None:
        self.done.append("mend")

    async def sweep(self) -> int:
        self.done.append("sweep")
        return 0


REST = ["mend", "sweep", "sweep"]


async def test_what_is_wanted_and_what_was_good_are_brought_once() -> None:
    world = World()
    await world.upkeep.look()
    assert world.store == {GOOD.artifact, WANTED.artifact}
    await world.upkeep.look()
    assert world.done == ["bring d1", "bring d2", *REST, *REST]


async def test_a_place_that_is_away_is_asked_again_and_holds_up_nothing_else() -> None:
    world = World()
    world.away = True
    await world.upkeep.look()
    assert world.done == ["bring d1", *REST]
    world.away = False
    await world.upkeep.look()
    assert world.store == {GOOD.artifact, WANTED.artifact}


async def test_a_place_that_has_something_else_by_now_is_asked_once_until_it_is_back() -> None:
    world = World()
    world.places["d2"] = "c" * 64
    with capture_logs() as logs:
        await world.upkeep.look()
        await world.upkeep.look()
    assert [one["artifact_id"] for one in logs] == [WANTED.artifact]
    assert world.done.count("bring d2") == 1
    world.store.add(WANTED.artifact)
    await world.upkeep.look()
    world.store.clear()
    await world.upkeep.look()
    assert world.done.count("bring d2") == 2


async def test_only_who_leads_looks_and_a_take_over_is_looked_at_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.leads = False
    monkeypatch.setattr(upkeep_module, "FIRST_S", 0.02)
    async with running(asyncio.create_task(world.upkeep.run())):
        await asyncio.sleep(0.1)
        assert world.done == []
        world.leads = True
        monkeypatch.setattr(upkeep_module, "EVERY_S", 3600)
        await until(lambda: "sweep" in world.done)
        await asyncio.sleep(0.3)  # its pauses are longer by now
        world.done.clear()
        world.upkeep.soon()
        await asyncio.sleep(0.06)
        assert "sweep" in world.done
