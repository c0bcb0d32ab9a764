"""`auto` end to end on real prompts: the headers tell the truth, and every model gets its share."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, make_prompt
from routeiq.config.defaults import default_state
from routeiq.config.discover import Discovery
from routeiq.gateway.pipeline.eligible import choices_of
from routeiq.gateway.pipeline.slates import candidate_of
from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import AssertionSigner
from tests.support.suite import Suite

DATA = Path(__file__).resolve().parents[1] / "data" / "routing" / "multi_tasks.parquet"
ASKED = 200
MOST_FALLBACKS = 2


def prompts() -> list[str]:
    table = pq.read_table(DATA, columns=["prompt", "split"]).to_pydict()
    test = [prompt for prompt, split in zip(table["prompt"], table["split"], strict=True) if split == "test"]
    return random.Random(7).sample(test, ASKED)


def candidates() -> list[pb.Candidate]:
    """What the gateway of the default configuration sends."""
    return [candidate_of(choice) for choice in choices_of(default_state({}, Discovery()), None)]


async def chosen_by_routing(suite: Suite, texts: list[str]) -> list[str]:
    client = RoutingClient(
        suite.endpoints["routing"], AssertionSigner(load_private_key(suite.data_dir / "identity.key"), "test")
    )
    try:
        answers = [
            await client.route(make_prompt([text]), candidates(), cost_weight=0.03, timeout_s=30) for text in texts
        ]
    finally:
        await client.close()
    return [answer.selected_model for answer in answers]


@pytest.mark.timeout(300)
def test_200_prompts_are_routed_as_the_routing_service_says(suite: Suite) -> None:
    texts = prompts()
    with httpx.Client(base_url=suite.url, headers={"authorization": f"Bearer {suite.key}"}, timeout=30) as client:
        body = {"model": "auto", "max_tokens": 1}
        answers = [
            client.post("/v1/chat/completions", json={**body, "messages": [{"role": "user", "content": t}]})
            for t in texts
        ]
    assert {answer.status_code for answer in answers} == {200}
    told = asyncio.run(chosen_by_routing(suite, texts))
    learned = [
        (a.headers["x-routeiq-model"], model)
        for a, model in zip(answers, told, strict=True)
        if "x-routeiq-fallback" not in a.headers
    ]
    assert len(learned) >= ASKED - MOST_FALLBACKS
    assert [pair for pair in learned if pair[0] != pair[1]] == []
    assert len(Counter(name for name, _ in learned)) >= 3
