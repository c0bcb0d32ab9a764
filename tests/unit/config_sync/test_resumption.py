"""Leaders that die at any write, come in pairs, or lose their storage: the fleet ends on one version."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.config_sync.manual_rollback import NothingToRollBack
from routeiq.config_sync.record import Plan
from routeiq.config_sync.rollouts import NotLeading, Rollouts
from tests.support.fleet_twin import NAMES, Fleet, TwinReplica, release

STRAIGHT = Plan(settle_s=5)
CAREFUL = Plan(canary_replicas=1, observe_s=10, settle_s=5)


class Killed(BaseException):
    """A process that ends."""


def kill_at_write(fleet: Fleet, number: int, *, after: bool = False) -> None:
    """The leader dies before its write of that number, or just behind it."""
    left = [number]

    def count(key: str) -> None:
        left[0] -= 1
        if left[0] == (-1 if after else 0):
            raise Killed

    fleet.keys.before_write = count


async def run_until_killed(fleet: Fleet, document: str, plan: Plan, seconds: int = 60) -> bool:
    try:
        await fleet.rollouts.offer(release(document), plan)
        await fleet.run(seconds)
    except Killed:
        return True
    finally:
        fleet.keys.before_write = lambda key: None
    return False


async def next_leader(fleet: Fleet, name: str) -> None:
    fleet.rollouts = fleet.leader()
    fleet.at += 10
    await fleet.rollouts.take_over(name)


@pytest.mark.parametrize("broken", [None, "gateway.a", "routing.b"])
@pytest.mark.parametrize("plan", [STRAIGHT, CAREFUL])
async def test_a_leader_that_dies_at_any_write(plan: Plan, broken: str | None) -> None:
    wanted, writes, killed = "one" if broken else "two", 1, True
    while killed:
        fleet = Fleet()
        await fleet.rollouts.take_over("first")
        await fleet.rollouts.offer(release("one"), STRAIGHT)
        await fleet.run(10)
        if broken:
            fleet.replicas[broken].broken = {"two"}
        kill_at_write(fleet, writes)
        killed = await run_until_killed(fleet, "two", plan)
        await next_leader(fleet, "second")
        record = await fleet.run(60)
        if record.last_number == 1:  # it died before it had written a word of it: the next one polls
            await fleet.rollouts.offer(release("two"), plan)
            record = await fleet.run(60)
        assert (fleet.documents(), record.rollout, "canary" in fleet.keys.held) == ({wanted}, None, False)
        assert all(one.wish == record.desired.wish for one in fleet.replicas.values() if record.desired)
        writes += 1
    assert writes > 5


async def test_who_was_replaced_changes_nothing() -> None:
    fleet = Fleet()
    old = fleet.rollouts
    await old.take_over("old")
    await next_leader(fleet, "new")
    before = dict(fleet.keys.held)
    for call in (old.offer(release("two"), STRAIGHT), old.go_on(), old.roll_back(1, "anna")):
        with pytest.raises(NotLeading):
            await call
    assert fleet.keys.held == before


@pytest.mark.parametrize("at", range(1, 4))
async def test_who_is_replaced_between_two_writes_does_not_undo_the_next_one(at: int) -> None:
    """The old leader pauses before a write, meanwhile a new one takes over and rolls out something else."""
    fleet = Fleet()
    await fleet.rollouts.take_over("old")
    await fleet.rollouts.offer(release("one"), STRAIGHT)
    await fleet.run(10)
    paused, resumed = asyncio.Event(), asyncio.Event()
    old, left = fleet.rollouts, [at]

    class Slow(type(fleet.keys)):  # type: ignore[misc]  # the same keys, by way of a slow line
        async def update(self, key: str, value: bytes, revision: int) -> int:
            left[0] -= 1
            if left[0] == 0:
                paused.set()
                await resumed.wait()
            return await fleet.keys.update(key, value, revision)

    slow = Slow()
    slow.held = fleet.keys.held
    old._store._keys = slow
    task = asyncio.create_task(_quietly(old, "two"))
    waits = asyncio.create_task(paused.wait())
    await asyncio.wait([task, waits], return_when=asyncio.FIRST_COMPLETED)
    waits.cancel()
    await next_leader(fleet, "new")
    await fleet.rollouts.offer(release("three"), STRAIGHT)
    fleet.follow()
    resumed.set()
    await task
    await fleet.run(20)
    assert fleet.documents() == {"three"}
    assert pb.Wanted.FromString(fleet.keys.held["desired"].value).release.document == "three"


async def _quietly(leader: Rollouts, document: str) -> None:
    with suppress(NotLeading):
        await leader.offer(release(document), STRAIGHT)
        await leader.go_on()


async def test_a_record_that_was_lost_is_written_again() -> None:
    fleet = Fleet()
    await fleet.rollouts.take_over("leader")
    await fleet.rollouts.offer(release("one"), STRAIGHT)
    record = await fleet.run(10)
    fleet.keys.held.clear()
    with pytest.raises(NotLeading):
        await fleet.rollouts.go_on()
    assert await fleet.rollouts.take_over("leader") == record
    assert set(fleet.keys.held) == {"rollout", "desired"}
    await fleet.run(5)
    assert fleet.documents() == {"one"}


async def test_a_key_that_somebody_has_changed_is_set_right() -> None:
    fleet = Fleet()
    await fleet.rollouts.take_over("leader")
    await fleet.rollouts.offer(release("one"), STRAIGHT)
    await fleet.run(10)
    del fleet.keys.held["desired"]
    await fleet.keys.create("canary", pb.Wanted(wish=1, replicas=["gateway.a"]).SerializeToString())
    await fleet.rollouts.go_on()
    assert set(fleet.keys.held) == {"rollout", "desired"}


EVENTS = st.one_of(
    st.tuples(st.just("offer"), st.sampled_from(["a", "b", "c", "bad"]), st.booleans()),
    st.tuples(st.just("run"), st.integers(1, 15), st.none()),
    st.tuples(st.just("kill"), st.integers(1, 4), st.none()),
    st.tuples(st.just("back"), st.none(), st.none()),
    st.tuples(st.just("leave"), st.sampled_from(NAMES[1:]), st.none()),
    st.tuples(st.just("come"), st.sampled_from(NAMES[1:]), st.none()),
    st.tuples(st.just("lose"), st.none(), st.none()),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=14))
def test_whatever_happens_the_fleet_ends_on_one_good_version(events: list[tuple[str, object, object]]) -> None:
    asyncio.run(_play(events))


async def _play(events: list[tuple[str, object, object]]) -> None:
    fleet, leaders = Fleet(), 0
    for one in fleet.replicas.values():
        one.broken = {"bad"}
    await fleet.rollouts.take_over("leader-0")
    await fleet.rollouts.offer(release("first"), STRAIGHT)
    await fleet.run(10)
    for what, one, other in events:
        try:
            await _happen(fleet, what, one, careful=bool(other))
        except (Killed, NotLeading):
            fleet.keys.before_write = lambda key: None
            leaders += 1
            await next_leader_or_same(fleet, leaders)
    fleet.keys.before_write = lambda key: None
    await next_leader_or_same(fleet, leaders + 1)
    record = await fleet.run(200)
    assert record.rollout is None
    assert "canary" not in fleet.keys.held
    assert record.desired is not None
    assert len(record.history) <= 10
    assert fleet.documents() <= {record.desired.release.document}
    assert record.desired.release.document != "bad"


async def next_leader_or_same(fleet: Fleet, number: int) -> None:
    """One that lost its storage goes on itself; the record is in its memory."""
    if "rollout" in fleet.keys.held:
        await next_leader(fleet, f"leader-{number}")
    else:
        await fleet.rollouts.take_over(f"leader-{number}")


async def _happen(fleet: Fleet, what: str, one: object, *, careful: bool) -> None:
    if what == "offer":
        await fleet.rollouts.offer(release(str(one)), CAREFUL if careful else STRAIGHT)
    elif what == "run":
        assert isinstance(one, int)
        await fleet.run(one)
    elif what == "kill":
        assert isinstance(one, int)
        kill_at_write(fleet, one)
    elif what == "back":
        await _roll_back(fleet)
    elif what == "leave":
        fleet.replicas.pop(str(one), None)
    elif what == "come":
        fleet.replicas.setdefault(str(one), TwinReplica(str(one), {"bad"}))
    elif what == "lose":
        fleet.keys.held.clear()


async def _roll_back(fleet: Fleet) -> None:
    with suppress(NothingToRollBack):
        await fleet.rollouts.roll_back(None, "anna")
