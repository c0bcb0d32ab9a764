"""The encoder's queue: sharing, batches, urgency, shedding, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from routeiq.routing.engine.batching import Batcher, Encoded, EncodeFailed, Shed
from routeiq.routing.engine.cost_model import EncodeTiming
from routeiq.routing.engine.decision import Fallback
from routeiq.routing.engine.metrics import EngineMetrics
from tests.support.routing import BrokenEncoder, FakeEncoder


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.fixture
async def batcher() -> AsyncIterator[Batcher]:
    made = Batcher(batch_size=4, queue_limit=6, cache_size=9, metrics=EngineMetrics(CollectorRegistry()))
    made.cost.reset(EncodeTiming(0.0, 1e-5))
    with ThreadPoolExecutor(1) as thread:
        pump = asyncio.create_task(made.run(thread))
        yield made
        pump.cancel()
        await asyncio.wait([pump])


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


class Calls:
    """Prompts sent to the batcher, each of a given length. The first holds the encoder while others gather."""

    def __init__(self, batcher: Batcher, encoder: FakeEncoder) -> None:
        self._batcher, self._encoder = batcher, encoder
        self.tasks: list[asyncio.Task[Encoded]] = []

    async def hold(self) -> None:
        self._encoder.gate.clear()
        self.send("held", 3)
        while not self._encoder.batches:
            await asyncio.sleep(0.001)

    def send(self, name: str, length: int, deadline: float | None = None) -> asyncio.Task[Encoded]:
        ids = [101, *[7] * (length - 2), 102]
        call = self._batcher.encode((name, b""), ids, self._encoder, deadline)
        self.tasks.append(asyncio.create_task(call))
        return self.tasks[-1]

    async def release(self) -> None:
        await asyncio.sleep(0)
        self._encoder.gate.set()
        await asyncio.wait(self.tasks)


@pytest.fixture
def calls(batcher: Batcher, encoder: FakeEncoder) -> Calls:
    return Calls(batcher, encoder)


async def test_what_waits_together_runs_together(calls: Calls, encoder: FakeEncoder) -> None:
    await calls.hold()
    for number in range(3):
        calls.send(f"p{number}", 10)
    await calls.release()
    assert encoder.batches == [[3], [10, 10, 10]]


async def test_a_batch_has_a_largest_size(calls: Calls, encoder: FakeEncoder) -> None:
    await calls.hold()
    for number in range(5):
        calls.send(f"p{number}", 10)
    await calls.release()
    assert [len(batch) for batch in encoder.batches] == [1, 4, 1]


async def test_only_like_lengths_run_together(calls: Calls, encoder: FakeEncoder) -> None:
    await calls.hold()
    for name, length in [("a", 10), ("b", 200), ("c", 11), ("d", 190)]:
        calls.send(name, length)
    await calls.release()
    assert encoder.batches == [[3], [10, 11], [200, 190]]


async def test_equal_prompts_share_one_run(calls: Calls, encoder: FakeEncoder) -> None:
    await calls.hold()
    first, second = calls.send("same", 10), calls.send("same", 10)
    third = calls.send("held", 3)  # joins the one that runs already
    await calls.release()
    assert encoder.batches == [[3], [10]]
    assert first.result() is second.result()
    assert third.result() is calls.tasks[0].result()


async def test_the_most_urgent_runs_first(calls: Calls, encoder: FakeEncoder) -> None:
    await calls.hold()
    calls.send("patient", 10)
    calls.send("urgent", 200, now() + 20)
    await calls.release()
    assert encoder.batches == [[3], [200], [10]]


async def test_a_batch_grows_only_while_all_stay_in_time(calls: Calls, batcher: Batcher, encoder: FakeEncoder) -> None:
    await calls.hold()
    batcher.cost.reset(EncodeTiming(0.0, 0.1))  # a second for ten tokens
    calls.send("urgent", 10, now() + 1.5)
    calls.send("patient", 10)
    await calls.release()
    assert encoder.batches == [[3], [10], [10]]


async def test_a_full_queue_sheds(calls: Calls, batcher: Batcher) -> None:
    await calls.hold()
    for number in range(6):
        calls.send(f"p{number}", 10)
    await asyncio.sleep(0)
    assert batcher.queue_length == 6
    with pytest.raises(Shed) as caught:
        await calls.send("one too many", 10)
    assert caught.value.fallback is Fallback.OVERLOADED
    await calls.release()


async def test_what_would_be_late_is_shed_at_once(calls: Calls, batcher: Batcher) -> None:
    await calls.hold()
    batcher.cost.reset(EncodeTiming(0.0, 0.01))
    with pytest.raises(Shed) as caught:
        await calls.send("late", 100, now() + 0.5)
    assert caught.value.fallback is Fallback.DEADLINE
    await calls.release()


async def test_what_is_less_urgent_is_not_in_the_way(calls: Calls, batcher: Batcher) -> None:
    await calls.hold()
    for number in range(5):
        calls.send(f"patient{number}", 100)
    batcher.cost.reset(EncodeTiming(0.0, 0.01))
    urgent = calls.send("urgent", 100, now() + 1.5)
    await calls.release()
    assert urgent.exception() is None


async def test_an_idle_encoder_is_tried_even_after_a_slow_spell(
    calls: Calls, batcher: Batcher, encoder: FakeEncoder
) -> None:
    for _ in range(50):
        batcher.cost.observe(100, 10.0)
    await calls.send("retry", 100, now() + 0.5)
    assert encoder.batches == [[100]]


async def test_what_nobody_waits_for_is_not_encoded(calls: Calls, batcher: Batcher, encoder: FakeEncoder) -> None:
    await calls.hold()
    gone = calls.send("gone", 10)
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    assert batcher.queue_length == 0
    await calls.release()
    assert encoder.batches == [[3]]


async def test_one_cancelled_waiter_does_not_fail_the_other(calls: Calls) -> None:
    await calls.hold()
    gone, stays = calls.send("same", 10), calls.send("same", 10)
    await asyncio.sleep(0)
    gone.cancel()
    await calls.release()
    assert gone.cancelled()
    assert stays.result().vector.shape == (8,)


async def test_a_fault_fails_its_batch_and_nothing_after(batcher: Batcher, encoder: FakeEncoder) -> None:
    with pytest.raises(EncodeFailed, match="a fault inside"):
        await batcher.encode(("a", b""), [101, 102], BrokenEncoder(), None)
    assert (await batcher.encode(("b", b""), [101, 102], encoder, None)).vector.shape == (8,)


async def test_stopping_fails_who_waits_and_who_runs(encoder: FakeEncoder) -> None:
    batcher = Batcher(batch_size=4, queue_limit=6, cache_size=9, metrics=EngineMetrics(CollectorRegistry()))
    calls = Calls(batcher, encoder)
    with ThreadPoolExecutor(1) as thread:
        pump = asyncio.create_task(batcher.run(thread))
        await calls.hold()
        calls.send("waits", 10)
        await asyncio.sleep(0)
        pump.cancel()
        await asyncio.wait([pump, *calls.tasks])
        encoder.gate.set()
    assert pump.cancelled()
    assert [type(task.exception()) for task in calls.tasks] == [EncodeFailed, EncodeFailed]
