"""Rolling back because somebody says so."""

from __future__ import annotations

import pytest

from routeiq.config_sync.manual_rollback import NothingToRollBack, other_artifact
from routeiq.config_sync.record import Fate, Plan
from routeiq.config_sync.rollout import Offer
from routeiq.kit.errors import NotFound
from tests.support.fleet_twin import Fleet, release

STRAIGHT = Plan(settle_s=5)
CAREFUL = Plan(canary_replicas=1, observe_s=60, settle_s=5)


@pytest.fixture
async def fleet() -> Fleet:
    """With three good releases; the third one serves."""
    made = Fleet()
    await made.rollouts.take_over("leader")
    for document in ("one", "two", "three"):
        await made.rollouts.offer(release(document, f"artifact {document}"), STRAIGHT)
        await made.run(10)
    return made


async def test_to_the_one_before_and_the_one_before_that(fleet: Fleet) -> None:
    await fleet.rollouts.roll_back(None, "anna")
    record = await fleet.run(20)
    assert (fleet.documents(), record.rollout) == ({"two"}, None)
    await fleet.rollouts.roll_back(None, "anna")
    record = await fleet.run(20)
    assert (fleet.documents(), record.last_number) == ({"one"}, 3)
    with pytest.raises(NothingToRollBack):
        await fleet.rollouts.roll_back(None, "anna")


async def test_to_a_named_one_and_forward_again(fleet: Fleet) -> None:
    await fleet.rollouts.roll_back(1, "anna")
    await fleet.run(20)
    assert fleet.documents() == {"one"}
    await fleet.rollouts.roll_back(3, "anna")
    record = await fleet.run(20)
    assert fleet.documents() == {"three"}
    assert [past.fate for past in record.history] == [Fate.ROLLED_BACK, Fate.DONE, Fate.DONE]


async def test_what_was_left_does_not_come_back_with_the_next_poll(fleet: Fleet) -> None:
    await fleet.rollouts.roll_back(None, "anna")
    await fleet.run(20)
    assert await fleet.rollouts.offer(release("three", "artifact three"), STRAIGHT) is Offer.REFUSED
    assert fleet.rollouts.known.refused[0].reason == "rolled back by anna"
    assert await fleet.rollouts.offer(release("four"), STRAIGHT) is Offer.STARTED


async def test_a_rollout_under_way_is_called_off(fleet: Fleet) -> None:
    await fleet.rollouts.offer(release("four"), CAREFUL)
    await fleet.run(5)
    assert fleet.documents() == {"three", "four"}
    await fleet.rollouts.roll_back(None, "anna")
    await fleet.run(10)
    assert fleet.documents() == {"three"}


async def test_a_target_that_cannot_be_applied_any_more_changes_nothing(fleet: Fleet) -> None:
    fleet.replicas["gateway.b"].broken = {"one"}
    await fleet.rollouts.roll_back(1, "anna")
    record = await fleet.run(20)
    assert (fleet.documents(), record.past(1) and record.past(1).fate) == ({"three"}, Fate.ROLLED_BACK)
    assert await fleet.rollouts.offer(release("three", "artifact three"), STRAIGHT) is Offer.UNCHANGED


@pytest.mark.parametrize("to", [0, 4, -1])
async def test_a_release_that_is_not_known(fleet: Fleet, to: int) -> None:
    before = dict(fleet.keys.held)
    with pytest.raises(NotFound):
        await fleet.rollouts.roll_back(to, "anna")
    assert fleet.keys.held == before


async def test_to_what_serves_is_refused(fleet: Fleet) -> None:
    with pytest.raises(NothingToRollBack):
        await fleet.rollouts.roll_back(3, "anna")


async def test_the_artifact_before(fleet: Fleet) -> None:
    assert other_artifact(fleet.rollouts.known) == "artifact two"


async def test_there_is_no_artifact_before() -> None:
    fleet = Fleet()
    await fleet.rollouts.take_over("leader")
    with pytest.raises(NothingToRollBack):
        other_artifact(fleet.rollouts.known)


async def test_the_same_content_is_no_earlier_release() -> None:
    fleet = Fleet()
    await fleet.rollouts.take_over("leader")
    for document in ("one", "two", "one"):
        await fleet.rollouts.offer(release(document), STRAIGHT)
        await fleet.run(10)
    with pytest.raises(NothingToRollBack):
        await fleet.rollouts.roll_back(1, "anna")
    await fleet.rollouts.roll_back(None, "anna")
    record = await fleet.run(10)
    assert (fleet.documents(), [one.document for one in record.refused]) == ({"two"}, ["one"])


async def test_nothing_is_to_blame_where_nothing_differs(fleet: Fleet) -> None:
    """The source goes back to what was good while something else is under way; then one replica fails."""
    await fleet.rollouts.offer(release("four"), CAREFUL)
    await fleet.run(5)
    fleet.replicas["gateway.b"].broken = {"three"}
    await fleet.rollouts.offer(release("three", "artifact three"), STRAIGHT)
    record = await fleet.run(10)
    assert record.refused == ()
    assert await fleet.rollouts.offer(release("five"), STRAIGHT) is Offer.STARTED
