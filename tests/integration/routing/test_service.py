"""The routing service over gRPC: every method, with the real encoder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable, make_prompt
from routeiq.kit.errors import InvalidRequest
from routeiq.routing.app import RoutingApp
from routeiq.routing.embedders import OnnxEncoder
from tests.support.routing import MODELS, FakeEncoder, twin_loaded, write_static_artifact

QUESTION = make_prompt(["How far is the moon?"])
PATIENT_S = 30.0


async def test_route(client: RoutingClient) -> None:
    answer = await client.route(QUESTION, timeout_s=PATIENT_S)
    assert answer.selected_model == "large"
    assert answer.fallback == pb.FALLBACK_UNSPECIFIED
    assert answer.prompt_tokens == 8
    assert (await client.route(QUESTION, cost_weight=10.0, timeout_s=PATIENT_S)).selected_model == "small"


async def test_route_among_candidates(client: RoutingClient) -> None:
    candidates = [
        pb.Candidate(name="ours", like="medium", input_price=1.0, output_price=3.0),
        pb.Candidate(name="small"),
    ]
    answer = await client.route(QUESTION, candidates, timeout_s=PATIENT_S)
    assert [one.model for one in answer.scores] == ["ours", "small"]


async def test_route_many(client: RoutingClient) -> None:
    prompts = [make_prompt([f"{word} is what?"]) for word in ("this", "that", "those and these")]
    entries = [pb.RouteEntry(prompt=one) for one in prompts]
    results = await client.route_many(pb.RouteManyRequest(entries=entries), timeout_s=PATIENT_S)
    assert [one.response.selected_model for one in results] == ["large"] * 3


async def test_embed_gives_the_encoders_vectors(client: RoutingClient, encoder: OnnxEncoder) -> None:
    texts = ["How far is the moon?", "", "word " * 1000]
    answer = await client.embed(texts)
    expected = encoder.encode([encoder.tokenize_head(text) for text in texts])
    found = np.array([one.values for one in answer.embeddings], np.float32)
    assert np.abs(found - expected).max() < 1e-5
    assert [one.tokens for one in answer.embeddings] == [8, 2, 256]
    assert answer.encoder == "all-MiniLM-L6-v2"


async def test_embed_takes_more_texts_than_the_queue_holds(client: RoutingClient) -> None:
    answer = await client.embed([f"text {number}" for number in range(300)], timeout_s=PATIENT_S)
    assert len(answer.embeddings) == 300


async def test_company_in_a_batch_changes_a_vector_by_rounding_only(
    client: RoutingClient, app: RoutingApp, encoder: OnnxEncoder
) -> None:
    texts = [f"{word} is number {number}" for number, word in enumerate(["alpha", "beta", "gamma", "delta"] * 8)]
    answer = await client.embed(texts, timeout_s=PATIENT_S)
    alone = np.concatenate([encoder.encode([encoder.tokenize_head(text)]) for text in texts])
    together = np.array([one.values for one in answer.embeddings], np.float32)
    assert np.abs(together - alone).max() < 1e-5


async def test_info(client: RoutingClient) -> None:
    info = await client.info()
    assert list(info.candidates) == [one.name for one in MODELS]
    assert (info.encoder, info.dimensions) == ("all-MiniLM-L6-v2", 384)


async def test_validate_artifact(client: RoutingClient, app: RoutingApp, static_artifact: Path) -> None:
    assert app.engine.loaded is not None
    good = await client.validate_artifact(str(static_artifact))
    assert (good.valid, good.artifact_id) == (True, app.engine.loaded.artifact.artifact_id)
    bad = await client.validate_artifact(str(static_artifact.parent / "none"))
    assert not bad.valid
    assert bad.errors[0].startswith("manifest.json cannot be read")
    assert not (await client.validate_artifact("/etc")).valid


async def test_a_wrong_request_is_an_invalid_request(client: RoutingClient) -> None:
    with pytest.raises(InvalidRequest, match="cost_weight"):
        await client.route(QUESTION, cost_weight=-1.0, timeout_s=PATIENT_S)


async def test_a_huge_prompt_is_routed(client: RoutingClient) -> None:
    answer = await client.route(make_prompt(["many words " * 1_000_000]), timeout_s=PATIENT_S)
    assert answer.fallback == pb.FALLBACK_UNSPECIFIED
    assert answer.prompt_tokens == 256


async def test_what_would_be_late_is_answered_in_time(client: RoutingClient, app: RoutingApp) -> None:
    app.engine.swap(twin_loaded(FakeEncoder(), token_s=1.0))
    answer = await client.route(QUESTION, timeout_s=1.0)
    assert answer.fallback == pb.FALLBACK_DEADLINE


async def test_an_overrun_is_answered_in_time(client: RoutingClient, app: RoutingApp) -> None:
    encoder = FakeEncoder()
    app.engine.swap(twin_loaded(encoder))
    encoder.gate.clear()
    answer = await client.route(QUESTION, timeout_s=1.0)
    assert answer.fallback == pb.FALLBACK_DEADLINE
    assert len(encoder.batches) == 1
    encoder.gate.set()


async def test_a_full_queue_is_answered_at_once(client: RoutingClient, app: RoutingApp) -> None:
    encoder = FakeEncoder()
    app.engine.swap(twin_loaded(encoder))
    encoder.gate.clear()
    prompts = [make_prompt([f"prompt {number}"]) for number in range(200)]
    calls = [asyncio.create_task(client.route(one, timeout_s=PATIENT_S)) for one in prompts]
    done = set[asyncio.Task[pb.RouteResponse]]()
    while len(done) < 60:
        done, _ = await asyncio.wait(calls, timeout=0.01)
    encoder.gate.set()
    answers = [await call for call in calls]
    shed = [one for one in answers if one.fallback == pb.FALLBACK_OVERLOADED]
    assert all(one.result().fallback == pb.FALLBACK_OVERLOADED for one in done)
    assert 60 <= len(shed) < 80  # 128 may wait, and a few run


async def test_a_caller_that_leaves_is_forgotten(client: RoutingClient, app: RoutingApp) -> None:
    encoder = FakeEncoder()
    app.engine.swap(twin_loaded(encoder))
    encoder.gate.clear()
    first = asyncio.create_task(client.route(make_prompt(["first"]), timeout_s=PATIENT_S))
    while not encoder.batches:
        await asyncio.sleep(0.005)
    leaving = asyncio.create_task(client.route(make_prompt(["leaving"]), timeout_s=PATIENT_S))
    while not app.engine.queue_length:
        await asyncio.sleep(0.005)
    leaving.cancel()
    while app.engine.queue_length:
        await asyncio.sleep(0.005)
    encoder.gate.set()
    await first
    assert len(encoder.batches) == 1


async def test_equal_prompts_share_one_encoding(client: RoutingClient, app: RoutingApp) -> None:
    encoder = FakeEncoder()
    app.engine.swap(twin_loaded(encoder))
    answers = await asyncio.gather(*(client.route(QUESTION, timeout_s=PATIENT_S) for _ in range(20)))
    assert len(encoder.batches) == 1
    assert len({one.selected_model for one in answers}) == 1


async def test_a_swap_under_load_fails_nobody(
    client: RoutingClient, app: RoutingApp, encoder: OnnxEncoder, static_artifact: Path
) -> None:
    write_static_artifact(other := static_artifact.parent / "other", encoder, prompt="Another golden prompt")
    assert app.engine.loaded is not None
    old = app.engine.loaded.artifact.artifact_id
    prompts = [make_prompt([f"prompt {number}"]) for number in range(100)]
    calls = [asyncio.create_task(client.route(one, timeout_s=PATIENT_S)) for one in prompts]
    await calls[0]
    new = (await app.engine.load(other)).artifact.artifact_id
    answers = await asyncio.gather(*calls)
    assert {one.artifact_id for one in answers} <= {old, new}
    assert answers[0].artifact_id == old
    assert all(one.fallback == pb.FALLBACK_UNSPECIFIED for one in answers)
    assert (await client.route(QUESTION, timeout_s=PATIENT_S)).artifact_id == new


async def test_a_stopped_service_is_unavailable(client: RoutingClient, app: RoutingApp) -> None:
    await client.route(QUESTION, timeout_s=PATIENT_S)
    await app.stop()
    await app.stop()
    with pytest.raises(RoutingUnavailable) as caught:
        await client.route(QUESTION, timeout_s=2.0)
    assert caught.value.reason == "routing_unavailable"
