"""The artifact that the package ships, served as `routeiq up` serves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, make_prompt
from routeiq.routing.app import RoutingApp
from routeiq.routing.settings import SHIPPED_ARTIFACT, Settings
from tests.integration.routing.conftest import Caller

GOLDEN = json.loads((SHIPPED_ARTIFACT / "golden.json").read_text())


@pytest.fixture
async def shipped(caller: Caller) -> AsyncIterator[RoutingClient]:
    app = RoutingApp(Settings(port=0, identity_public_keys=(caller.public,)), CollectorRegistry())
    await app.start()
    await app.wait_loaded()
    client = RoutingClient(app.address, caller.signer)
    yield client
    await client.close()
    await app.stop()


async def test_it_answers_its_golden_prompts_as_training_did(shipped: RoutingClient) -> None:
    candidates = list((await shipped.info()).candidates)
    for row in GOLDEN:
        answer = await shipped.route(make_prompt([row["prompt"]]), timeout_s=30.0)
        quality = {one.model: one.quality for one in answer.scores}
        cost = {one.model: one.cost_usd for one in answer.scores}
        assert answer.fallback == pb.FALLBACK_UNSPECIFIED
        assert answer.selected_model == candidates[int(np.argmax(row["quality"]))]
        assert [quality[name] for name in candidates] == pytest.approx(row["confidence"], abs=1e-3)
        assert [cost[name] for name in candidates] == pytest.approx(row["cost_usd"], rel=1e-3)


async def test_route_many_chooses_as_route_does(shipped: RoutingClient) -> None:
    prompts = [make_prompt([f"{row['prompt']} ({number})"]) for row in GOLDEN for number in range(3)]
    entries = [pb.RouteEntry(prompt=one, objective=pb.Objective(cost_weight=0.03)) for one in prompts]
    many = await shipped.route_many(pb.RouteManyRequest(entries=entries), timeout_s=30.0)
    for prompt, result in zip(prompts, many, strict=True):
        alone = await shipped.route(prompt, cost_weight=0.03, timeout_s=30.0)
        assert result.response.selected_model == alone.selected_model
        assert result.response.fallback == pb.FALLBACK_UNSPECIFIED
