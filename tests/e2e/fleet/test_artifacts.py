"""The artifact is swapped again and again under load: each answer names one, and is what that one alone would choose.

SWAPS (4): how often."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.fleet import HEADERS
from tests.support.rolling import artifacts
from tests.support.rolling.figures import Record, measured
from tests.support.rolling.traffic import Answer
from tests.support.rolling.witness import failed
from tests.support.rolling.world import World

SWAPS = int(os.environ.get("SWAPS") or 4)
RATE = 300.0
BETWEEN_S = 2.0
WARM_RATE, WARM_S = 60.0, 4.0
"""So that every gateway has been asked all common prompts before."""
KINDS = 2
LATE = {"deadline", "overloaded"}
MOST_LATE = 0.1
"""What a busy machine does to choices, and to how many of them at most. On a quiet one it is none."""
PATIENCE_S = 60.0


@pytest.mark.timeout(600 + SWAPS * 30)
async def test_every_answer_is_its_artifacts_own(world: World, tmp_path: Path, record_property: Record) -> None:
    folders = artifacts.variants(tmp_path, KINDS)
    ids = [await asyncio.to_thread(artifacts.push, world, folder) for folder in folders]
    await asyncio.to_thread(world.publish, **artifacts.for_auto())
    await asyncio.to_thread(artifacts.promote, world, ids[0])
    await asyncio.to_thread(world.api.until_all)
    prompt = artifacts.prompts()
    async with world.traffic(WARM_RATE, body=artifacts.asking(prompt)).flowing() as warming:
        await asyncio.sleep(WARM_S)
    traffic = world.traffic(RATE, body=artifacts.asking(prompt))
    async with traffic.flowing():
        for swap in range(SWAPS):
            wanted = ids[(swap + 1) % KINDS]
            await asyncio.to_thread(artifacts.promote, world, wanted)
            await traffic.until(lambda answer, wanted=wanted: answer.artifact == wanted, PATIENCE_S)
            await asyncio.to_thread(world.api.until_all)
            await asyncio.sleep(BETWEEN_S)
    answers = [*warming.answers, *traffic.answers]
    by_artifact = Counter(one.artifact for one in answers)
    figures = {"answers": len(answers), "by artifact": [by_artifact[id_] for id_ in ids]}
    measured(record_property, f"{SWAPS} swaps", figures)
    assert failed(answers) == []
    without = Counter(one.fallback for one in answers if not one.artifact)
    measured(record_property, "answers by nobody's choice, which came too late", dict(without))
    assert set(without) <= LATE
    assert without.total() <= len(answers) * MOST_LATE
    by_artifact.pop("", None)
    assert set(by_artifact) == set(ids)
    for id_, folder in zip(ids, folders, strict=True):
        own = [one for one in answers if one.artifact == id_]
        with artifacts.alone(world, folder) as url:
            truth = await _choices(url, sorted({prompt(one.number) for one in own}))
        assert _others(own, prompt, truth) == []


def _others(answers: list[Answer], prompt: Callable[[int], str], truth: dict[str, str]) -> list[tuple[str, str, str]]:
    """Prompt, choice and the artifact's own choice, where they differ."""
    pairs = [(prompt(one.number), one.model) for one in answers]
    return [(text, model, truth[text]) for text, model in pairs if truth[text] != model]


async def _choices(url: str, texts: list[str]) -> dict[str, str]:
    """By prompt, what the gateway there answers with."""
    waiting, chosen = iter(texts), dict[str, str]()

    async def ask(client: httpx.AsyncClient) -> None:
        for text in waiting:
            body = {"model": "auto", "max_tokens": 1, "messages": [{"role": "user", "content": text}]}
            answer = await client.post("/v1/chat/completions", json=body)
            while (late := answer.headers.get("x-routeiq-fallback")) is not None:
                assert late in LATE
                answer = await client.post("/v1/chat/completions", json=body)
            chosen[text] = answer.headers["x-routeiq-model"]

    async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=60) as client, asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(ask(client))
    return chosen
