"""The engine on twins: what is learned, what is not and why, what is kept, what is swapped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from routeiq.kit.errors import InvalidRequest, RouteIQError, Unavailable
from routeiq.routing.candidates import Candidate, Prices
from routeiq.routing.engine import Engine, EngineMetrics, Fallback, Question
from routeiq.routing.engine.batching import EncodeFailed
from routeiq.routing.engine.engine import MEANS_STRATEGY, PRIOR_STRATEGY, EmbedShed, NotLoaded
from routeiq.routing.settings import Settings
from tests.support.routing import MODELS, BrokenEncoder, FakeEncoder, twin_loaded
from tests.support.waiting import LONGER_S, PATIENCE_S

PRICED = (Candidate("a", prices=Prices(0.1, 0.1)), Candidate("b", prices=Prices(9.0, 9.0)))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def engine(registry: CollectorRegistry) -> AsyncIterator[Engine]:
    made = Engine(Settings(queue_limit=4, reply_reserve_s=10.0), EngineMetrics(registry))
    made.start()
    yield made
    await made.close()


@pytest.fixture
def encoder(engine: Engine) -> FakeEncoder:
    """The encoder of a loaded engine."""
    made = FakeEncoder()
    engine.swap(twin_loaded(made))
    return made


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_choice_is_learned(engine: Engine, encoder: FakeEncoder) -> None:
    decision = await engine.route(Question("how far is the moon"))
    assert decision.fallback is Fallback.NONE
    assert decision.strategy == "static"
    assert [one.model for one in decision.choice.ranked] != []
    assert decision.confidence == decision.choice.selected.quality
    assert (decision.prompt_tokens, decision.embedding_cached) == (7, False)
    assert (decision.domain, decision.novelty) == ("talk", pytest.approx(0.1))
    assert decision.timings.total_ms >= decision.timings.encode_ms + decision.timings.score_ms


async def test_different_prompts_get_different_models(engine: Engine, encoder: FakeEncoder) -> None:
    chosen = {(await engine.route(Question(f"question {n}"))).choice.selected.model for n in range(30)}
    assert len(chosen) == len(MODELS)


async def test_a_prompt_is_encoded_once(engine: Engine, encoder: FakeEncoder) -> None:
    first = await engine.route(Question("again"))
    second = await engine.route(Question("again"))
    assert len(encoder.batches) == 1
    assert second.embedding_cached
    assert second.choice == first.choice


async def test_equal_prompts_at_once_share_the_encoding(engine: Engine, encoder: FakeEncoder) -> None:
    decisions = await asyncio.gather(*(engine.route(Question("same")) for _ in range(8)))
    assert len(encoder.batches) == 1
    assert len({one.choice for one in decisions}) == 1


async def test_company_in_a_batch_changes_no_choice(engine: Engine, encoder: FakeEncoder) -> None:
    texts = [f"prompt number {n}" for n in range(4)]
    alone = [await engine.route(Question(text)) for text in texts]
    engine.swap(twin_loaded(other := FakeEncoder(name="other"), "two"))
    other.gate.clear()
    held = asyncio.create_task(engine.route(Question("held")))
    while not other.batches:
        await asyncio.sleep(0.001)
    together = [asyncio.create_task(engine.route(Question(text))) for text in texts]
    while engine.queue_length < len(texts):
        await asyncio.sleep(0.001)
    other.gate.set()
    await held
    assert [(await task).choice for task in together] == [one.choice for one in alone]
    assert other.batches == [[3], [5, 5, 5, 5]]


async def test_a_late_encoding_is_answered_by_the_means_before_the_deadline(
    engine: Engine, encoder: FakeEncoder
) -> None:
    encoder.gate.clear()
    deadline = soon(5.0)
    decision = await engine.route(Question("slow", deadline=deadline))
    assert asyncio.get_running_loop().time() < deadline
    assert decision.fallback is Fallback.DEADLINE
    assert decision.strategy == MEANS_STRATEGY
    assert decision.reasons[0] == "fallback_deadline"
    assert decision.choice.selected.model == "large"
    assert (decision.confidence, decision.prompt_tokens) == (None, 0)
    encoder.gate.set()


async def test_a_late_encoding_still_fills_the_cache(engine: Engine, encoder: FakeEncoder) -> None:
    encoder.gate.clear()
    await engine.route(Question("slow", deadline=soon(0.05)))
    encoder.gate.set()
    second = await engine.route(Question("slow"))
    assert second.fallback is Fallback.NONE
    assert len(encoder.batches) == 1


async def test_what_cannot_be_in_time_is_answered_at_once(engine: Engine) -> None:
    encoder = FakeEncoder()
    engine.swap(twin_loaded(encoder, token_s=LONGER_S))
    started = asyncio.get_running_loop().time()
    decision = await engine.route(Question("late", deadline=started + LONGER_S))
    assert decision.fallback is Fallback.DEADLINE
    assert asyncio.get_running_loop().time() - started < PATIENCE_S
    assert encoder.batches == []


async def test_a_full_queue_is_answered_by_the_means(engine: Engine, encoder: FakeEncoder) -> None:
    encoder.gate.clear()
    running = asyncio.create_task(engine.route(Question("first")))
    while not encoder.batches:
        await asyncio.sleep(0.001)
    waiting = [asyncio.create_task(engine.route(Question(f"p {n}"))) for n in range(4)]
    while engine.queue_length < 4:
        await asyncio.sleep(0.001)
    assert (await engine.route(Question("one too many"))).fallback is Fallback.OVERLOADED
    encoder.gate.set()
    await asyncio.gather(running, *waiting)


async def test_without_an_artifact_prices_decide(engine: Engine) -> None:
    decision = await engine.route(Question("hi", PRICED))
    assert decision.fallback is Fallback.NO_ARTIFACT
    assert (decision.strategy, decision.artifact_id) == (PRIOR_STRATEGY, "")
    assert decision.choice.selected.model == "b"
    assert decision.choice.selected.prior
    assert (await engine.route(Question("hi", PRICED, cost_weight=1.0))).choice.selected.model == "a"


async def test_without_an_artifact_or_candidates_there_is_no_answer(engine: Engine) -> None:
    with pytest.raises(NotLoaded):
        await engine.route(Question("hi"))
    with pytest.raises(NotLoaded):
        await engine.embed(["hi"], None)


async def test_without_a_known_model_prices_decide(engine: Engine, encoder: FakeEncoder) -> None:
    decision = await engine.route(Question("hi", PRICED))
    assert decision.fallback is Fallback.UNKNOWN_MODELS
    assert encoder.batches == []


async def test_without_text_the_means_decide(engine: Engine, encoder: FakeEncoder) -> None:
    decision = await engine.route(Question(""))
    assert decision.fallback is Fallback.NO_PROMPT
    assert decision.choice.selected.model == "large"


async def test_a_guess_is_no_confidence(engine: Engine, encoder: FakeEncoder) -> None:
    candidates = (Candidate("large", quality_offset=-1.0), Candidate("new", prices=Prices(0.0, 0.0)))
    decision = await engine.route(Question("hi", candidates, cost_weight=1.0))
    assert decision.choice.selected.model == "new"
    assert decision.confidence is None


async def test_a_wrong_request_is_refused_and_not_counted(engine: Engine, encoder: FakeEncoder) -> None:
    with pytest.raises(InvalidRequest):
        await engine.route(Question("hi", cost_weight=-1.0))
    assert engine.decisions == 0


async def test_a_fault_of_the_encoder_is_an_error(engine: Engine) -> None:
    engine.swap(twin_loaded(BrokenEncoder()))
    with pytest.raises(EncodeFailed):
        await engine.route(Question("hi"))
    with pytest.raises(EncodeFailed):
        await engine.embed(["hi", "there"], None)


async def test_a_caller_that_leaves_frees_its_place(engine: Engine, encoder: FakeEncoder) -> None:
    encoder.gate.clear()
    first = asyncio.create_task(engine.route(Question("first")))
    while not encoder.batches:
        await asyncio.sleep(0.001)
    leaving = asyncio.create_task(engine.route(Question("leaving")))
    while not engine.queue_length:
        await asyncio.sleep(0.001)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert engine.queue_length == 0
    encoder.gate.set()
    await first
    assert len(encoder.batches) == 1


async def test_a_swap_serves_the_next_and_leaves_the_running(engine: Engine, encoder: FakeEncoder) -> None:
    old = engine.loaded
    encoder.gate.clear()
    running = asyncio.create_task(engine.route(Question("running")))
    while not encoder.batches:
        await asyncio.sleep(0.001)
    engine.swap(new := twin_loaded(encoder, "two"))
    encoder.gate.set()
    assert old is not None
    assert (await running).artifact_id == old.artifact.artifact_id
    assert (await engine.route(Question("next"))).artifact_id == new.artifact.artifact_id
    assert engine.previous is old


async def test_a_swap_keeps_the_vectors_but_not_the_predictions(engine: Engine, encoder: FakeEncoder) -> None:
    await engine.route(Question("same"))
    engine.swap(twin_loaded(encoder, "two"))
    decision = await engine.route(Question("same"))
    assert decision.embedding_cached
    assert decision.timings.score_ms > 0
    assert len(encoder.batches) == 1


async def test_the_previous_artifact_can_be_restored(engine: Engine, encoder: FakeEncoder) -> None:
    with pytest.raises(Unavailable):
        engine.restore()
    first = engine.loaded
    engine.swap(twin_loaded(encoder, "two"))
    engine.restore()
    assert engine.loaded is first


async def test_a_refused_artifact_leaves_the_served_one(
    engine: Engine, encoder: FakeEncoder, registry: CollectorRegistry, tmp_path: Path
) -> None:
    served = engine.loaded
    with pytest.raises(RouteIQError):
        await engine.load(tmp_path)
    assert engine.loaded is served
    assert registry.get_sample_value("routeiq_routing_artifact_loads_total", {"result": "refused"}) == 1


async def test_embeddings_come_in_order_and_are_kept(engine: Engine, encoder: FakeEncoder) -> None:
    first = await engine.embed(["a b", "c", "a b"], None)
    assert [one.tokens for one in first] == [4, 3, 4]
    assert (first[0].values == first[2].values).all()
    assert (first[0].values != first[1].values).any()
    runs = len(encoder.batches)
    again = await engine.embed(["c"], None)
    assert again[0].cached
    assert len(encoder.batches) == runs


async def test_an_embedding_that_would_be_late_is_refused(engine: Engine) -> None:
    engine.swap(twin_loaded(FakeEncoder(), token_s=LONGER_S))
    with pytest.raises(EmbedShed):
        await engine.embed(["one", "two"], soon(0.5))


async def test_decisions_are_counted(engine: Engine, encoder: FakeEncoder, registry: CollectorRegistry) -> None:
    await engine.route(Question("hi"))
    await engine.route(Question("hi"))
    await engine.route(Question(""))

    def sample(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"routeiq_routing_{name}", labels)

    assert engine.decisions == 3
    assert sample("decisions_total", strategy="static", fallback="") == 2
    assert sample("decisions_total", strategy=MEANS_STRATEGY, fallback="no_prompt") == 1
    assert sample("cache_lookups_total", cache="prediction", result="hit") == 1
    assert sample("batch_size_count") == 1
    assert sample("queue_length") == 0
