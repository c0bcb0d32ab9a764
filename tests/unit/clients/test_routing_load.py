"""As many wait as the service answers in time: the limit finds that number, from above and from below."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routeiq.clients.routing_load import FALL, LEAST, RoutingLoad


def waiting(load: RoutingLoad, count: int) -> RoutingLoad:
    load.waiting = count
    return load


def test_the_first_may_all_wait() -> None:
    load = waiting(RoutingLoad(100), 99)
    assert not load.full
    assert waiting(load, 100).full


def test_it_falls_below_what_waits_once_for_all_who_were_asked_before() -> None:
    load = waiting(RoutingLoad(1000), 40)
    for asked_at in (1.0, 1.1, 1.2):
        load.late(asked_at, now=1.3)
    assert load.limit == pytest.approx(40 * FALL)
    load.late(asked_at=1.3, now=1.6)
    assert load.limit == pytest.approx(40 * FALL**2)


def test_a_few_may_always_wait() -> None:
    load = waiting(RoutingLoad(1000), 40)
    for second in range(50):
        load.late(float(second), second + 0.5)
    assert load.limit == LEAST
    assert not waiting(load, LEAST - 1).full


def test_where_fewer_may_ever_wait_that_holds() -> None:
    load = waiting(RoutingLoad(1), 1)
    load.late(0.0, 1.0)
    assert load.limit == 1
    assert load.full
    assert not waiting(load, 0).full


def test_what_is_late_without_a_queue_limits_nobody() -> None:
    load = waiting(RoutingLoad(1000), LEAST - 1)
    load.late(0.0, 1.0)
    assert load.limit == 1000


def test_where_nothing_queues_the_limit_rises_at_once() -> None:
    load = waiting(RoutingLoad(1000), 10)
    load.late(0.0, 1.0)
    for _ in range(20):
        waiting(load, 1).answered(asked_at=2.0, timeout_s=1.0, now=2.1)
    assert load.limit == pytest.approx(27)


def test_an_answer_is_late_before_its_deadline_is() -> None:
    load = waiting(RoutingLoad(1000), 40)
    load.answered(asked_at=0.0, timeout_s=1.0, now=0.7)
    assert load.limit == pytest.approx(40 * FALL)


def test_timely_answers_raise_it_by_one_for_each_round() -> None:
    load = waiting(RoutingLoad(1000), 10)
    load.late(0.0, 1.0)
    before = load.limit
    for _ in range(round(before)):
        load.answered(asked_at=2.0, timeout_s=1.0, now=2.1)
    assert load.limit == pytest.approx(before + 1, rel=0.05)


@settings(max_examples=50, deadline=None)
@given(st.floats(20, 2000), st.floats(0.1, 1.0), st.integers(8, 400))
def test_it_finds_what_a_service_can_do(per_s: float, timeout_s: float, clients: int) -> None:
    """A service that answers one after the other, and clients of whom each asks again at once."""
    load, queue, now = RoutingLoad(1024), list[float](), 0.0
    late = 0
    for answer in range(3000):
        while len(queue) < clients and not waiting(load, len(queue)).full:
            queue.append(now)
        now += 1 / per_s
        asked_at = queue.pop(0)
        late += answer >= 2000 and now - asked_at > timeout_s
        load.answered(asked_at, timeout_s, now)
    able = per_s * timeout_s
    assert late <= 50 or able <= 2 * LEAST
    assert load.limit >= min(clients, able / 4)
