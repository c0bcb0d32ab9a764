"""Twenty swaps under load: each answer names one artifact, and is the one that this artifact gives by itself."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from pathlib import Path

import pytest
from pydantic import SecretStr

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, make_prompt
from routeiq.routing.app import RoutingApp
from routeiq.routing.embedders import OnnxEncoder
from routeiq.routing.settings import SHIPPED_ARTIFACT, Settings
from tests.support.memory import held_kib
from tests.support.routing import MODELS, write_static_artifact
from tests.support.servers.nats import NATS
from tests.support.wishes import Leader

PATIENT_S = 60.0
PROMPTS = [
    make_prompt([f"{word} {number}: what is it, and why?"]) for word in ("prime", "river") for number in range(8)
]
SWAPS = 20
Answers = dict[tuple[str, int], list[tuple[str, float]]]


@pytest.fixture
def settings(settings: Settings, own_nats: NATS, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"nats_url": SecretStr(own_nats.url), "cache_dir": tmp_path / "cache"})


@pytest.fixture
async def wanted(leader: Leader, tmp_path: Path, encoder: OnnxEncoder) -> list[str]:
    """Three artifacts of other opinions: the shipped one, whose answers depend on the prompt, and two static ones."""
    best = [*MODELS[:1], MODELS[1].model_copy(update={"mean_quality": 0.9}), *MODELS[2:]]
    write_static_artifact(tmp_path / "static", encoder, models=best)
    write_static_artifact(tmp_path / "third", encoder, prompt="Another one")
    return [await leader.store(one) for one in (SHIPPED_ARTIFACT, tmp_path / "static", tmp_path / "third")]


def opinion(answer: pb.RouteResponse) -> list[tuple[str, float]]:
    """The selected model, then every model's utility."""
    return [(answer.selected_model, 0.0), *((one.model, one.utility) for one in answer.scores)]


async def own_answers(client: RoutingClient, leader: Leader, wanted: list[str]) -> Answers:
    """What each artifact says to each prompt while nothing else is asked."""
    found: Answers = {}
    for artifact_id in wanted:
        assert not (await leader.dealt_with(await leader.want(artifact_id))).error
        for at, prompt in enumerate(PROMPTS):
            answer = await client.route(prompt, timeout_s=PATIENT_S)
            assert answer.artifact_id == artifact_id
            found[artifact_id, at] = opinion(answer)
    return found


async def ask_one(client: RoutingClient, stop: asyncio.Event, answers: list[tuple[int, pb.RouteResponse]]) -> None:
    at = 0
    while not stop.is_set():
        at = (at + 1) % len(PROMPTS)
        answers.append((at, await client.route(PROMPTS[at], timeout_s=PATIENT_S)))


async def ask_many(client: RoutingClient, stop: asyncio.Event, answers: list[tuple[int, pb.RouteResponse]]) -> None:
    request = pb.RouteManyRequest(entries=[pb.RouteEntry(prompt=one) for one in PROMPTS])
    while not stop.is_set():
        results = await client.route_many(request, timeout_s=PATIENT_S)
        assert not [one.error for one in results if one.error]
        answers += [(at, one.response) for at, one in enumerate(results)]


async def ask_new(client: RoutingClient, stop: asyncio.Event, answers: list[str]) -> None:
    """Prompts that nothing is kept of."""
    while not stop.is_set():
        answer = await client.route(make_prompt([f"new {len(answers)}"]), timeout_s=PATIENT_S)
        assert answer.fallback == pb.FALLBACK_UNSPECIFIED
        answers.append(answer.artifact_id)
        await asyncio.sleep(0.02)


async def test_twenty_swaps_lose_and_mix_no_answer(client: RoutingClient, leader: Leader, wanted: list[str]) -> None:
    expected = await own_answers(client, leader, wanted)
    stop, answers, new = asyncio.Event(), list[tuple[int, pb.RouteResponse]](), list[str]()
    async with asyncio.TaskGroup() as group:
        for ask in (ask_one, ask_one, ask_many):
            group.create_task(ask(client, stop, answers))
        group.create_task(ask_new(client, stop, new))
        for swap in range(SWAPS):
            artifact_id = wanted[swap % 3]
            assert (await leader.dealt_with(await leader.want(artifact_id))).artifact == artifact_id
            seen = len(answers)
            while len(answers) < seen + 50:
                await asyncio.sleep(0.01)
        stop.set()
    for at, answer in answers:
        assert answer.fallback == pb.FALLBACK_UNSPECIFIED
        assert opinion(answer) == expected[answer.artifact_id, at]
    assert len(answers) > SWAPS * 50
    assert set(Counter(answer.artifact_id for _, answer in answers)) == set(new) == set(wanted)


def held() -> int:
    gc.collect()
    return held_kib()


@pytest.mark.timeout(600)
async def test_fifty_swaps_leave_no_memory_behind(
    app: RoutingApp, client: RoutingClient, leader: Leader, tmp_path: Path, encoder: OnnxEncoder
) -> None:
    """Each opens the graphs of the shipped artifact anew, 1.6 MB and more in memory."""
    write_static_artifact(tmp_path / "a", encoder)
    write_static_artifact(tmp_path / "b", encoder, prompt="Another one")
    ids = [await leader.store(one) for one in (SHIPPED_ARTIFACT, tmp_path / "a", tmp_path / "b")]
    sizes = []
    for swap in range(75):
        assert not (await leader.dealt_with(await leader.want(ids[swap % 3]))).error
        if swap >= 24 and swap % 3 == 2:
            sizes.append(held())
    assert min(sizes[-4:]) - min(sizes[:4]) < 10_000, sizes  # thirteen rounds of 1.6 MB and more lie between
