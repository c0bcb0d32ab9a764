"""A replica does what the fleet wants of it, and says what became of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients import fleet_follower, fleet_report
from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import Applying
from routeiq.clients.fleet_names import CANARY, DESIRED
from routeiq.kit.bus_objects import ObjectMissing
from routeiq.kit.errors import ConfigurationError, Unavailable
from tests.support.buckets import MemoryKeys, MemoryObjects
from tests.support.following import Leader, Replica, document, following, release
from tests.support.waiting import LONGER_S, until

A, B = release(1, "a: 1"), release(2, "b: 1")


class Fleet:
    """A leader's and a replica's ends of the same buckets."""

    def __init__(self) -> None:
        self.wishes, self.roster, self.documents = MemoryKeys(), MemoryKeys(), MemoryObjects()
        self.leader = Leader(self.wishes, self.roster, self.documents)
        self.buckets = FleetBuckets(self.wishes, self.roster, self.documents)

    async def said(self, wish: int) -> pb.Replica:
        """What the replica says once it has dealt with that wish."""
        await self.leader.heard(lambda roster: "gateway.one" in roster and roster["gateway.one"].wish == wish)
        return (await self.leader.roster())["gateway.one"]


@pytest.fixture
async def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(fleet_follower, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(fleet_report, "REPORT_EVERY_S", LONGER_S)
    made = Fleet()
    await made.leader.store("a: 1", "b: 1")
    return made


@pytest.fixture
def replica(fleet: Fleet) -> Replica:
    return Replica(fleet.buckets)


async def test_a_wish_is_applied_and_said_at_once(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        await fleet.leader.heard(lambda roster: roster["gateway.one"].applied == 0 if roster else False)
        said = await fleet.said(await fleet.leader.want(A))  # within far less than the time between two reports
    assert (said.service, said.replica, said.applied, said.error) == ("gateway", "one", 1, "")
    assert (said.config_version, said.requests, said.failures) == ("c1", 7, 2)
    assert (replica.texts, replica.follower.wanted) == (["a: 1"], pb.Wanted(release=A, wish=1))


async def test_who_comes_late_applies_the_last_wish_alone(fleet: Fleet, replica: Replica) -> None:
    await fleet.leader.want(A)
    await fleet.leader.want(B)
    async with following(replica):
        await replica.has(2)
    assert replica.texts == ["b: 1"]


async def test_who_goes_first_leaves_what_is_for_all(fleet: Fleet, replica: Replica) -> None:
    other = Replica(fleet.buckets, "other")
    await fleet.leader.want(A)
    await fleet.leader.try_first(B, "one")
    async with following(replica, other):
        await asyncio.gather(replica.has(2), other.has(1))
    assert (replica.numbers, other.numbers) == ([2], [1])


async def test_when_the_trial_ends_it_is_back(fleet: Fleet, replica: Replica) -> None:
    await fleet.leader.want(A)
    async with following(replica):
        await replica.has(1)
        await fleet.leader.try_first(B, "one")
        await replica.has(2)
        await fleet.leader.end_trial()
        await replica.has(1)
        assert (await fleet.said(1)).applied == 1
    assert replica.texts == ["a: 1", "b: 1", "a: 1"]


async def test_a_trial_that_becomes_the_wish_of_all_is_not_applied_twice(fleet: Fleet, replica: Replica) -> None:
    await fleet.leader.want(A)
    await fleet.leader.try_first(B, "one")
    async with following(replica):
        await replica.has(2)
        last = await fleet.leader.want(B)
        await fleet.leader.end_trial()
        assert (await fleet.said(last)).applied == 2
    assert replica.numbers == [2]


async def test_an_older_release_is_applied_like_any_other(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        for wanted in (A, B, A):
            said = await fleet.said(await fleet.leader.want(wanted))
            assert (said.applied, said.error) == (wanted.number, "")
    assert replica.texts == ["a: 1", "b: 1", "a: 1"]


async def test_what_cannot_be_applied_is_said_and_the_former_one_serves(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        await fleet.said(await fleet.leader.want(A))
        replica.fails = ConfigurationError(["config.yaml:3: no", "config.yaml:4: no"])
        said = await fleet.said(await fleet.leader.want(B))
        assert (said.applied, said.error) == (1, "config.yaml:3: no\nconfig.yaml:4: no")
        said = await fleet.said(await fleet.leader.want(A))
        assert (said.applied, said.error) == (1, "")
    assert replica.numbers == [1, 2]


async def test_a_refused_release_that_is_wanted_again_is_tried_again(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        replica.fails = ConfigurationError(["no"])
        await fleet.said(await fleet.leader.want(A))
        replica.fails = None
        assert (await fleet.said(await fleet.leader.want(A))).applied == 1


async def test_of_an_error_of_its_own_it_says_the_kind_alone(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        replica.fails = ValueError("a secret")
        assert (await fleet.said(await fleet.leader.want(A))).error == "internal error (ValueError)"
        replica.fails = None
        assert (await fleet.said(await fleet.leader.want(B))).applied == 2


async def test_a_document_that_is_not_there_yet_is_waited_for(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        wish = await fleet.leader.want(release(3, "c: 1"))
        await asyncio.sleep(0.1)
        said = (await fleet.leader.roster())["gateway.one"]
        assert (said.wish, said.error, replica.asked) == (0, "", [])
        await fleet.leader.store("c: 1")
        assert (await fleet.said(wish)).applied == 3


@pytest.mark.parametrize("reason", [Unavailable("not now"), ObjectMissing("not yet")])
async def test_what_it_needs_and_lacks_is_waited_for(fleet: Fleet, replica: Replica, reason: Exception) -> None:
    async with following(replica):
        replica.fails = reason
        wish = await fleet.leader.want(A)
        await until(lambda: len(replica.asked) > 2)
        replica.fails = None
        assert (await fleet.said(wish)).error == ""


class Moments(list[Applying]):
    """Knows when each was added."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    def append(self, one: Applying) -> None:
        super().append(one)
        self.at.append(asyncio.get_running_loop().time())


async def test_the_pause_grows(fleet: Fleet, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_follower, "FIRST_PAUSE_S", 0.1)
    replica.asked = moments = Moments()
    async with following(replica):
        replica.fails = Unavailable("not now")
        await fleet.leader.want(A)
        await until(lambda: len(moments) > 3)
    pauses = [after - before for before, after in pairwise(moments.at)]
    assert all(pause > 0.09 * 2**number for number, pause in enumerate(pauses[:3])), "at 0, 0.1, 0.3 and 0.7 s"


async def test_a_new_wish_ends_the_pause(fleet: Fleet, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_follower, "FIRST_PAUSE_S", LONGER_S)
    async with following(replica):
        replica.fails = Unavailable("not now")
        await fleet.leader.want(A)
        await until(lambda: len(replica.asked) == 1)
        replica.fails = None
        await fleet.said(await fleet.leader.want(B))


async def test_a_wish_meanwhile_is_done_behind_what_is_under_way(fleet: Fleet, replica: Replica) -> None:
    replica.may_go_on.clear()
    async with following(replica):
        await fleet.leader.want(A)
        await until(lambda: replica.numbers == [1])
        await fleet.leader.want(B)
        await fleet.leader.want(A)
        last = await fleet.leader.want(B)
        await asyncio.sleep(0.05)
        assert replica.numbers == [1]
        replica.may_go_on.set()
        assert (await fleet.said(last)).applied == 2
    assert replica.numbers == [1, 2]


async def test_a_document_that_it_has_is_not_fetched(fleet: Fleet) -> None:
    replica = Replica(fleet.buckets, document=A.document)
    async with following(replica):
        await fleet.said(await fleet.leader.want(A))
        await fleet.said(await fleet.leader.want(release(3, "a: 1", artifact="x")))
        await fleet.said(await fleet.leader.want(B))
    assert (replica.numbers, replica.texts) == ([1, 3, 2], [None, None, "b: 1"])


async def test_a_document_that_was_refused_is_fetched_again(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        replica.fails = ConfigurationError(["no"])
        await fleet.said(await fleet.leader.want(A))
        await fleet.said(await fleet.leader.want(release(3, "a: 1")))
    assert replica.texts == ["a: 1", "a: 1"]


async def test_a_release_without_a_document_has_no_bundle_and_the_next_has(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        for wanted in (A, release(3), release(4, "a: 1")):
            await fleet.said(await fleet.leader.want(wanted))
    assert replica.texts == ["a: 1", None, "a: 1"]


async def test_a_service_that_takes_no_documents_gets_none(fleet: Fleet) -> None:
    replica = Replica(fleet.buckets, takes_documents=False)
    async with following(replica):
        await fleet.said(await fleet.leader.want(release(3, "not: stored")))
    assert replica.texts == [None]


async def test_bytes_of_another_name_are_not_applied(fleet: Fleet, replica: Replica) -> None:
    wanted = release(3, "c: 1")
    await fleet.documents.put(wanted.document, document("b: 1").pack())
    async with following(replica):
        wish = await fleet.leader.want(wanted)
        await asyncio.sleep(0.1)
        assert replica.asked == []
        await fleet.leader.store("c: 1")
        await fleet.said(wish)
    assert replica.texts == ["c: 1"]


async def test_when_the_wishes_are_lost_what_serves_goes_on(fleet: Fleet, replica: Replica) -> None:
    async with following(replica):
        await fleet.said(await fleet.leader.want(A))
        fleet.wishes.lose()
        await asyncio.sleep(0.05)
        assert (replica.follower.applied, replica.follower.wanted) == (A, None)
        await fleet.said(await fleet.leader.want(A))
    assert replica.numbers == [1]


@pytest.mark.parametrize("key", [DESIRED, CANARY])
async def test_a_wish_that_cannot_be_read_changes_nothing(fleet: Fleet, replica: Replica, key: str) -> None:
    async with following(replica):
        await fleet.said(await fleet.leader.want(A))
        await fleet.wishes.put(key, b"\xff\xff")
        await asyncio.sleep(0.05)
        assert replica.follower.wanted == pb.Wanted(release=A, wish=1)
