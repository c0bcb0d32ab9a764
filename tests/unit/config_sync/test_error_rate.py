"""When the way a release's replicas serve is the release's fault."""

from __future__ import annotations

import pytest

from routeiq.config_sync.record import Fate, Figures, Plan
from routeiq.config_sync.roster import blame
from tests.support.fleet_twin import Fleet, release

PLAN = Plan(max_error_rate=0.05, min_requests=20)
CAREFUL = Plan(canary_replicas=1, observe_s=20, settle_s=5)


@pytest.mark.parametrize(
    ("now", "before", "blamed"),
    [
        ((100, 0), (100, 0), False),
        ((100, 5), (100, 0), False),  # as much as is permitted
        ((100, 9), (100, 0), False),  # chance may do that
        ((100, 10), (100, 0), True),
        ((19, 19), (100, 0), False),  # too few to say
        ((20, 3), (100, 0), True),
        ((10_000, 600), (10_000, 0), True),
        ((100, 60), (100, 50), False),  # it was so before
        ((100, 100), (100, 60), False),
        ((100, 40), (100, 10), True),
        ((100, 40), (5, 5), True),  # too few before to excuse it
        ((0, 0), (0, 0), False),
    ],
)
def test_blame(now: tuple[int, int], before: tuple[int, int], *, blamed: bool) -> None:
    assert bool(blame(Figures(*now), [Figures(*before)], PLAN)) is blamed


def test_no_canary_hides_behind_another_ones_better_figures() -> None:
    assert blame(Figures(100, 100), [Figures(100, 0), Figures()], PLAN) == (
        "100 of 100 requests failed, 0.0% before or elsewhere"
    )


@pytest.fixture
async def fleet() -> Fleet:
    made = Fleet()
    for one in made.replicas.values():
        one.figures = (200, 1)
    await made.rollouts.take_over("leader")
    await made.rollouts.offer(release("one"), Plan(settle_s=5))
    await made.run(10)
    await made.rollouts.offer(release("two"), CAREFUL)
    await made.run(5)
    return made


async def test_a_canary_whose_error_rate_rises_brings_the_last_one_back(fleet: Fleet) -> None:
    fleet.replicas["gateway.a"].figures = (200, 120)
    record = await fleet.run(10)
    assert (fleet.documents(), record.history[-1].fate) == ({"one"}, Fate.ROLLED_BACK)
    assert "of 400 requests failed" in record.history[-1].reason


async def test_a_provider_that_fails_for_all_is_not_the_canarys_fault(fleet: Fleet) -> None:
    for one in fleet.replicas.values():
        one.figures = (200, 120)
    await fleet.run(40)
    assert fleet.documents() == {"two"}


async def test_a_rate_that_rises_when_all_have_it_brings_the_last_one_back(fleet: Fleet) -> None:
    await fleet.run(18)
    assert fleet.documents() == {"two"}
    for one in fleet.replicas.values():
        one.figures = (200, 120)
    await fleet.run(5)
    assert fleet.documents() == {"one"}


async def test_after_it_has_settled_nothing_goes_back(fleet: Fleet) -> None:
    await fleet.run(40)
    for one in fleet.replicas.values():
        one.figures = (200, 120)
    await fleet.run(30)
    assert fleet.documents() == {"two"}
