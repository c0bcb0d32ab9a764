"""`auto` end to end on real prompts: the headers tell the truth, and every model gets its share."""

from __future__ import annotations

import asyncio
import random
import time
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
from tests.support.waiting import PATIENCE_S

DATA = Path(__file__).resolve().parents[1] / "data" / "routing" / "multi_tasks.parquet"
ASKED = 200
LATE = {"deadline", "overloaded", "routing_unavailable"}
"""What a busy machine does to a choice; the last one for a moment after the first."""


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


def ask_until_learned(client: httpx.Client, text: str, end: float) -> str:
    """The model that it got. On a busy machine a choice may come too late, and says so; it is asked for again."""
    body = {"model": "auto", "max_tokens": 1, "messages": [{"role": "user", "content": text}]}
    while True:
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200
        late = answer.headers.get("x-routeiq-fallback")
        if late is None:
            return answer.headers["x-routeiq-model"]
        assert late in LATE
        assert time.monotonic() < end, f"only fallbacks: {late}"
        time.sleep(0.05)


@pytest.mark.timeout(600)
def test_200_prompts_are_routed_as_the_routing_service_says(suite: Suite) -> None:
    texts, end = prompts(), time.monotonic() + PATIENCE_S
    with httpx.Client(
        base_url=suite.url, headers={"authorization": f"Bearer {suite.key}"}, timeout=PATIENCE_S
    ) as client:
        learned = [ask_until_learned(client, text, end) for text in texts]
    told = asyncio.run(chosen_by_routing(suite, texts))
    assert [pair for pair in zip(learned, told, strict=True) if pair[0] != pair[1]] == []
    assert len(set(learned)) >= 3
