"""A release on its way through a fleet: straight, by way of canaries, and back."""

from __future__ import annotations

import pytest

from routeiq.config_sync.record import Fate, Phase, Plan
from routeiq.config_sync.rollout import APPLY_S, Offer
from tests.support.fleet_twin import NAMES, Fleet, release

STRAIGHT = Plan(settle_s=5)
CAREFUL = Plan(canary_replicas=1, observe_s=20, settle_s=5)
CANARIES = ["gateway.a", "routing.a"]


@pytest.fixture
async def fleet() -> Fleet:
    """With release `one`, which is good."""
    made = Fleet()
    await made.rollouts.take_over("leader")
    await made.rollouts.offer(release("one"), STRAIGHT)
    await made.run(10)
    assert made.documents() == {"one"}
    return made


def fates(fleet: Fleet) -> dict[str, Fate]:
    return {one.release.document: one.fate for one in fleet.rollouts.known.history}


async def test_without_a_canary_all_get_it_at_once(fleet: Fleet) -> None:
    assert await fleet.rollouts.offer(release("two"), STRAIGHT) is Offer.STARTED
    fleet.follow()
    assert fleet.documents() == {"two"}
    record = await fleet.run(10)
    assert (record.rollout, record.good and record.good.document) == (None, "two")
    assert fates(fleet) == {"one": Fate.DONE, "two": Fate.DONE}
    assert fleet.ended == ["done", "done"]


async def test_the_same_once_more_is_nothing_new(fleet: Fleet) -> None:
    before = dict(fleet.keys.held)
    assert await fleet.rollouts.offer(release("one"), STRAIGHT) is Offer.UNCHANGED
    assert fleet.keys.held == before
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    assert await fleet.rollouts.offer(release("two"), STRAIGHT) is Offer.UNCHANGED


async def test_canaries_go_first_one_of_each_service(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("two"), CAREFUL)
    record = await fleet.run(15)
    assert fleet.has("two") == CANARIES
    assert record.rollout
    assert record.rollout.phase is Phase.OBSERVING
    await fleet.run(20)
    assert fleet.documents() == {"two"}
    assert "canary" not in fleet.keys.held


@pytest.mark.parametrize("plan", [STRAIGHT, CAREFUL])
@pytest.mark.parametrize("broken", ["gateway.a", "routing.b"])
async def test_one_that_cannot_apply_brings_the_last_one_back(fleet: Fleet, plan: Plan, broken: str) -> None:
    fleet.replicas[broken].broken = {"two"}
    await fleet.rollouts.offer(release("two"), plan)
    record = await fleet.run(60)
    assert fleet.documents() == {"one"}
    assert record.rollout is None
    assert fates(fleet)["two"] is Fate.ROLLED_BACK
    assert record.refused[0].reason == f"{broken}: config.yaml:3: it cannot be"


async def test_what_was_refused_is_tried_again_only_by_force(fleet: Fleet) -> None:
    fleet.replicas["gateway.c"].broken = {"two"}
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    await fleet.run(10)
    assert await fleet.rollouts.offer(release("two"), STRAIGHT) is Offer.REFUSED
    assert await fleet.rollouts.offer(release("two", "another artifact"), STRAIGHT) is Offer.REFUSED
    fleet.replicas["gateway.c"].broken = set()
    assert await fleet.rollouts.offer(release("two"), STRAIGHT, force=True) is Offer.STARTED
    record = await fleet.run(10)
    assert (fleet.documents(), record.refused) == ({"two"}, ())


async def test_only_the_artifact_is_to_blame_where_only_it_is_new(fleet: Fleet) -> None:
    fleet.replicas["routing.a"].broken = {"one"}
    await fleet.rollouts.offer(release("one", "bad", promoted="bad"), STRAIGHT)
    record = await fleet.run(10)
    assert (record.refused[0].document, record.refused[0].artifact) == ("", "bad")
    assert record.promoted == ""
    assert await fleet.rollouts.offer(release("two", "bad"), STRAIGHT) is Offer.REFUSED
    assert await fleet.rollouts.offer(release("two"), STRAIGHT) is Offer.STARTED


async def test_the_first_release_of_all_has_nothing_to_go_back_to() -> None:
    fleet = Fleet()
    await fleet.rollouts.take_over("leader")
    fleet.replicas["gateway.a"].broken = {"one"}
    await fleet.rollouts.offer(release("one"), STRAIGHT)
    record = await fleet.run(5)
    assert (record.desired, record.rollout, fates(fleet)) == (None, None, {"one": Fate.ROLLED_BACK})
    assert set(fleet.keys.held) == {"rollout"}


async def test_nobody_who_lives_is_no_error() -> None:
    fleet = Fleet([])
    await fleet.rollouts.take_over("leader")
    await fleet.rollouts.offer(release("one"), CAREFUL)
    record = await fleet.run(10)
    assert (record.good and record.good.document, "desired" in fleet.keys.held) == ("one", True)


async def test_a_canary_without_a_second_one_is_no_canary() -> None:
    fleet = Fleet(["gateway.a", "routing.a"])
    await fleet.rollouts.take_over("leader")
    await fleet.rollouts.offer(release("one"), CAREFUL)
    fleet.follow()
    assert fleet.documents() == {"one"}


async def test_who_goes_away_holds_nobody_up_and_who_comes_counts(fleet: Fleet) -> None:
    fleet.replicas["gateway.b"].deaf = True
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    record = await fleet.run(5)
    assert record.rollout
    assert record.rollout.phase is Phase.DESIRED
    del fleet.replicas["gateway.b"]
    fleet.replicas["gateway.e"] = type(fleet.replicas["gateway.a"])("gateway.e", {"two"})
    await fleet.run(10)
    assert (fleet.documents(), fates(fleet)["two"]) == ({"one"}, Fate.ROLLED_BACK)


async def test_one_that_is_late_does_not_hold_the_others_up_for_ever(fleet: Fleet) -> None:
    fleet.replicas["gateway.b"].deaf = True
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    record = await fleet.run(APPLY_S + 10)
    assert (record.rollout, fates(fleet)["two"]) == (None, Fate.DONE)
    fleet.replicas["gateway.b"].deaf = False
    fleet.follow()
    assert fleet.documents() == {"two"}


async def test_a_canary_that_hangs_has_failed(fleet: Fleet) -> None:
    fleet.replicas["gateway.a"].deaf = True
    await fleet.rollouts.offer(release("two"), CAREFUL)
    await fleet.run(APPLY_S + 5)
    fleet.replicas["gateway.a"].deaf = False
    fleet.follow()
    assert fleet.documents() == {"one"}
    assert "gateway.a did not apply it" in fleet.rollouts.known.history[-1].reason


async def test_a_release_that_kills_its_canaries_does_not_walk_on(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("two"), CAREFUL)
    for _ in range(2):
        fleet.follow()
        for name in fleet.has("two"):
            del fleet.replicas[name]
        await fleet.run(2)
    assert (fleet.documents(), len(fleet.replicas)) == ({"one"}, len(NAMES) - 3)
    assert fates(fleet)["two"] is Fate.ROLLED_BACK


async def test_a_newer_one_takes_the_place_of_one_that_is_tried(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("two"), CAREFUL)
    await fleet.run(5)
    await fleet.rollouts.offer(release("three"), CAREFUL)
    await fleet.run(5)
    assert (fleet.has("three"), len(fleet.has("one"))) == (CANARIES, 4)
    await fleet.run(30)
    assert fleet.documents() == {"three"}
    assert fates(fleet) == {"one": Fate.DONE, "two": Fate.SUPERSEDED, "three": Fate.DONE}


async def test_one_that_all_had_applied_is_what_a_bad_newer_one_goes_back_to(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    await fleet.run(2)
    fleet.replicas["gateway.d"].broken = {"three"}
    await fleet.rollouts.offer(release("three"), STRAIGHT)
    await fleet.run(10)
    assert fleet.documents() == {"two"}


async def test_one_that_not_all_had_applied_is_not(fleet: Fleet) -> None:
    fleet.replicas["gateway.b"].deaf = True
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    await fleet.run(2)
    fleet.replicas["gateway.b"].deaf = False
    fleet.replicas["gateway.d"].broken = {"three"}
    await fleet.rollouts.offer(release("three"), STRAIGHT)
    await fleet.run(10)
    assert fleet.documents() == {"one"}


async def test_ten_are_remembered_and_the_good_one_is_never_forgotten(fleet: Fleet) -> None:
    fleet.replicas["gateway.b"].deaf = True
    for number in range(15):
        await fleet.rollouts.offer(release(f"d{number}"), STRAIGHT)
        await fleet.run(1)
    history = fleet.rollouts.known.history
    assert (len(history), history[0].release.document, history[-1].release.number) == (10, "one", 16)


async def test_fast_changes_go_back_to_the_last_that_all_had(fleet: Fleet) -> None:
    """No look in between: the leader is asked twice within a moment."""
    await fleet.rollouts.offer(release("two"), STRAIGHT)
    fleet.follow()
    fleet.replicas["gateway.d"].broken = {"three"}
    await fleet.rollouts.offer(release("three"), STRAIGHT)
    await fleet.run(10)
    assert (fleet.documents(), fates(fleet)["two"]) == ({"two"}, Fate.DONE)


async def test_a_canary_that_a_new_leader_does_not_hear_yet_is_waited_for(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("two"), CAREFUL)
    await fleet.run(5)
    replicas, fleet.replicas = fleet.replicas, {}
    fleet.rollouts = fleet.leader()
    await fleet.rollouts.take_over("next")
    record = await fleet.run(5)
    assert record.rollout
    assert record.rollout.phase is Phase.OBSERVING
    fleet.replicas = replicas
    await fleet.run(40)
    assert fleet.documents() == {"two"}
