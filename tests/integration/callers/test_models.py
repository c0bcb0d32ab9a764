"""Which models a virtual key may call, on every path and by every way to one, over a socket."""

from __future__ import annotations

from dataclasses import replace

import anthropic
import openai
import pytest

from routeiq.config.state import FallbackNames, Group, Mode, ModelName, RoutingSettings
from routeiq.gateway.upstream.provider import UpstreamFailed
from tests.integration.callers.conftest import KEY, VIRTUAL, house, served
from tests.support.fake_control import FakeControl
from tests.support.twins import TwinResponse, deployment


async def test_a_forbidden_model_is_refused_on_every_path(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        for path, body in {
            "/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
            "/v1/completions": {"prompt": "x"},
            "/v1/embeddings": {"input": "x"},
            "/v1/responses": {"input": "x"},
            "/openai/v1/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
        }.items():
            answer = await one.client.post(path, json={"model": "large", **body}, headers={"x-api-key": VIRTUAL})
            error = answer.json()["error"]
            assert (answer.status_code, error["type"], error["param"], error["code"]) == (
                403, "key_model_access_denied", "model", "403",
            )  # fmt: skip
        for path in ("/engines/large/chat/completions", "/openai/deployments/large/chat/completions"):
            sent = {"model": "small", "messages": [{"role": "user", "content": "x"}]}
            answer = await one.client.post(path, json=sent, headers={"api-key": VIRTUAL})
            assert answer.status_code == 403
    assert {sent[1].group for sent in one.provider.calls} == {"small"}


async def test_anthropics_refusals_have_its_shape(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    async with house(control) as one, anthropic.AsyncAnthropic(api_key=VIRTUAL, base_url=one.url) as client:
        with pytest.raises(anthropic.PermissionDeniedError) as caught:
            await client.messages.create(model="large", max_tokens=5, messages=[{"role": "user", "content": "x"}])
    assert caught.value.body["error"]["type"] == "permission_error"  # type: ignore[index]


async def test_the_official_client_with_a_virtual_key(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small", "auto"], aliases={"mine": "small"})
    async with house(control) as one, openai.AsyncOpenAI(api_key=VIRTUAL, base_url=f"{one.url}/v1") as client:
        listed = [model.id async for model in client.models.list()]
        assert listed == ["auto", "small", "mine"]
        assert (await client.models.retrieve("mine")).id == "mine"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("large")
        made = await client.chat.completions.with_raw_response.create(
            model="mine", messages=[{"role": "user", "content": "x"}]
        )
        assert made.headers["x-litellm-model-group"] == "mine"
        with pytest.raises(openai.PermissionDeniedError):
            await client.chat.completions.create(model="large", messages=[{"role": "user", "content": "x"}])


async def test_the_master_key_sees_all(control: FakeControl) -> None:
    async with house(control) as one:
        listed = (await one.get("/v1/models", KEY)).json()["data"]
    assert [model["id"] for model in listed] == ["auto", "small", "large"]
    assert control.asked == []


async def test_auto_chooses_among_what_the_key_may_call(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    control.rows.add("sk-another-key-of-tests", models=["nothing-here"])
    async with house(control) as one:
        answer = await one.chat(model="auto")
        assert (answer.status_code, answer.headers["x-routeiq-model"]) == (200, "small")
        refused = await one.chat("sk-another-key-of-tests", model="auto")
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "key_model_access_denied")
        free = await one.chat(KEY, model="auto")
        assert free.headers["x-routeiq-model"] == "large"
    routing = one.gateway.routing
    assert [[c.name for c in asked] for asked in routing.candidates] == [["small"], ["small", "large"]]  # type: ignore[attr-defined]


async def test_a_fallback_never_leads_to_a_forbidden_model(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small", "huge"])
    names = FallbackNames((ModelName("large"), ModelName("huge")))
    settings = RoutingSettings(num_retries=0, fallbacks={ModelName("small"): names})
    async with house(control, served=served(routing=settings)) as one:
        one.provider._answers[:] = [UpstreamFailed("no answer"), TwinResponse()]
        assert (await one.chat()).status_code == 200
        assert [sent[1].group for sent in one.provider.calls] == ["small", "huge"]
        one.provider._answers[:] = [UpstreamFailed("no answer"), TwinResponse()]
        assert (await one.chat(KEY)).status_code == 200
        assert [sent[1].group for sent in one.provider.calls][2:] == ["small", "large"]


async def test_embeddings_of_a_routed_group_come_from_members_that_the_key_may_call(control: FakeControl) -> None:
    members = tuple(
        deployment(name, group=ModelName("both"), provider="openai", mode=Mode.EMBEDDING, candidate=name)
        for name in ("one", "two")
    )
    made = replace(served(), groups={ModelName("both"): Group(ModelName("both"), members, learned=True)})
    control.rows.add(VIRTUAL, models=["two"])
    async with house(control, served=made) as one:
        for _ in range(8):
            sent = {"model": "both", "input": "x"}
            answer = await one.client.post("/v1/embeddings", json=sent, headers={"x-api-key": VIRTUAL})
            assert (answer.status_code, answer.headers["x-routeiq-model"]) == (200, "two")
