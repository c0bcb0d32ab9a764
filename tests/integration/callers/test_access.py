"""What a virtual key may do, over a socket: models, paths, roles, expiry, customers' overrides."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import anthropic
import openai
import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.config.state import (
    FallbackNames,
    Group,
    Mode,
    ModelName,
    OverrideEntry,
    ProviderEntry,
    RoutingSettings,
    State,
)
from routeiq.gateway.upstream.provider import UpstreamFailed
from tests.integration.callers.conftest import KEY, VIRTUAL, house
from tests.support.fake_control import FakeControl, changed
from tests.support.twins import TwinResponse, deployment, state


def served(**fields: object) -> State:
    return state(deployment("small"), deployment("large"), deployment("huge"), **fields)


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


async def test_an_expired_key_ends_by_the_clock_although_it_is_known(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, expires_at=int(time.time()) + 30)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        one.callers._now = lambda: time.time() + 31
        one.clock.at += 31
        answer = await one.chat()
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (401, "expired_key", "401")
    assert error["message"].startswith("Authentication Error - Expired Key. Key Expiry time 20")
    assert len(control.asked) == 1


async def test_expiry_and_block_hold_without_control(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, expires_at=int(time.time()) + 30)
    control.rows.add("sk-a-blocked-key-of-tests", blocked=True)
    async with house(control) as one:
        await one.chat()
        assert (await one.chat("sk-a-blocked-key-of-tests")).status_code == 401
        await control.kill()
        one.callers._now = lambda: time.time() + 31
        one.clock.at += 3600
        assert (await one.chat()).json()["error"]["type"] == "expired_key"
        blocked = (await one.chat("sk-a-blocked-key-of-tests")).json()["error"]
        assert (blocked["type"], blocked["code"]) == ("auth_error", "401")
        assert blocked["message"] == "Key is blocked. Update via `/key/unblock` if you're an admin."


async def test_roles_open_admin_paths(control: FakeControl) -> None:
    control.rows.users["boss"] = pb.User(id="boss", role="proxy_admin")
    control.rows.users["hand"] = pb.User(id="hand", role="internal_user")
    control.rows.add(VIRTUAL, user_id="boss")
    control.rows.add("sk-the-key-of-a-hand-xx", user_id="hand")
    async with house(control) as one:
        asked = {"query": "hi"}
        for key, status in ((VIRTUAL, 200), ("sk-the-key-of-a-hand-xx", 403), (KEY, 200)):
            answer = await one.client.post("/router/route", json=asked, headers={"x-api-key": key})
            assert answer.status_code == status


async def test_a_key_that_is_confined_to_some_paths(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, allowed_routes=["info_routes"])
    control.rows.add("sk-only-for-models-paths", allowed_routes=["llm_api_routes"])
    async with house(control) as one:
        denied = await one.chat()
        assert (denied.status_code, denied.json()["error"]["code"]) == (403, "route_not_allowed")
        assert (await one.get("/v1/models")).status_code == 200
        assert (await one.chat("sk-only-for-models-paths")).status_code == 200
        assert (await one.get("/router/info", "sk-only-for-models-paths")).status_code == 403


async def test_a_service_key_counts_on_its_own_paths_alone(control: FakeControl) -> None:
    headers = {"x-service-key": "a-service-key-of-the-tests"}
    async with house(control) as one:
        sent = {"model": "small", "messages": [{"role": "user", "content": "hi"}]}
        assert (await one.client.post("/v1/chat/completions", json=sent, headers=headers)).status_code == 401
        assert (await one.client.get("/api/v1/nothing-here", headers=headers)).status_code == 404
        wrong = await one.client.get("/api/v1/nothing-here", headers={"x-service-key": "dev-gateway-key"})
        assert (wrong.status_code, wrong.json()) == (401, {"detail": "invalid key"})


def overriding(control: FakeControl) -> State:
    control.rows.add(VIRTUAL, alias="my-service", user_id="its-user")
    made = served(routing=RoutingSettings(num_retries=0, auto_models=(ModelName("small"), ModelName("large"))))
    models = tuple(deployment(name, group=ModelName(name)) for name in ("acme/fast", "acme/slow"))
    off = ProviderEntry("off", "Off", None, (deployment("off/x", group=ModelName("off/x")),), is_enabled=False)
    providers = (ProviderEntry("acme", "Acme", None, models), off)
    return replace(made, providers=providers, has_overrides=True)


def override_of(answer: object) -> tuple[str, str]:
    return answer.headers["x-routeiq-model"], answer.headers["x-routeiq-reason"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"user": "vip"}, {}),
        ({"metadata": {"user_id": "vip"}}, {}),
        ({}, {"x-litellm-customer-id": "vip"}),
        ({}, {"x-litellm-end-user-id": "vip"}),
    ],
)
async def test_a_customer_is_served_by_its_override(
    control: FakeControl, body: dict[str, object], headers: dict[str, str]
) -> None:
    control.rows.override("vip", "acme", "fast")
    async with house(control, served=overriding(control)) as one:
        one.client.headers.update(headers)
        for model in ("auto", "small"):
            for _ in range(2):
                assert override_of(await one.chat(model=model, **body)) == ("acme/fast", "customer_override")
    assert len([asked for asked in control.asked if asked.HasField("customer")]) == 1


async def test_a_keys_own_user_is_its_customer_and_its_alias_the_service(control: FakeControl) -> None:
    control.rows.override("its-user", "acme", "fast", service="my-service")
    async with house(control, served=overriding(control)) as one:
        assert override_of(await one.chat()) == ("acme/fast", "customer_override")
        one.client.headers["x-service-name"] = "another"
        assert override_of(await one.chat()) == ("small", "requested_model")
        assert override_of(await one.chat(user="somebody")) == ("small", "requested_model")
        assert override_of(await one.chat(user="somebody", model="auto"))[0] == "large"


async def test_who_has_none_is_asked_for_once(control: FakeControl) -> None:
    async with house(control, served=overriding(control)) as one:
        for _ in range(3):
            assert override_of(await one.chat(user="nobody")) == ("small", "requested_model")
        assert len([asked for asked in control.asked if asked.HasField("customer")]) == 1
        control.rows.override("nobody", "acme", "fast")
        one.gateway.overrides.forget(changed(customers=["nobody"]))
        assert override_of(await one.chat(user="nobody"))[0] == "acme/fast"


@pytest.mark.parametrize(
    ("service", "declared", "served_by"),
    [
        ("my-service", ("my-service",), "acme/slow"),
        ("my-service", (None,), "acme/fast"),
        ("", (None,), "acme/slow"),
        ("", ("another",), "acme/fast"),
    ],
)
async def test_the_documents_override_goes_before_one_of_the_api_and_a_services_before_both(
    control: FakeControl, service: str, declared: tuple[str | None, ...], served_by: str
) -> None:
    control.rows.override("vip", "acme", "fast", service=service)
    own = tuple(OverrideEntry("vip", name, "acme", "slow") for name in declared)
    async with house(control, served=replace(overriding(control), overrides=own)) as one:
        for _ in range(2):
            assert override_of(await one.chat(user="vip"))[0] == served_by


async def test_nobody_is_asked_while_there_is_no_override(control: FakeControl) -> None:
    made = replace(overriding(control), has_overrides=False)
    control.rows.override("vip", "acme", "fast")
    async with house(control, served=made) as one:
        assert override_of(await one.chat(user="vip"))[0] == "small"
    assert not [asked for asked in control.asked if asked.HasField("customer")]


@pytest.mark.parametrize(("provider", "model"), [("gone", "fast"), ("off", "x"), ("acme", "gone"), ("", "small")])
async def test_an_override_that_nothing_serves_is_skipped(control: FakeControl, provider: str, model: str) -> None:
    control.rows.override("vip", provider, model)
    async with house(control, served=overriding(control)) as one:
        assert override_of(await one.chat(user="vip")) == ("small", "requested_model,override_skipped")
        assert override_of(await one.chat(user="vip", model="auto")) == ("large", "highest_utility,override_skipped")
        assert override_of(await one.chat(user="vip", model="auto")) == ("large", "highest_utility,override_skipped")


async def test_an_override_that_does_not_serve_the_endpoint_is_skipped(control: FakeControl) -> None:
    control.rows.override("vip", "acme", "fast")
    made = overriding(control)
    embeds = deployment("embed", mode=Mode.EMBEDDING)
    made = replace(made, groups={**made.groups, **state(embeds).groups})
    async with house(control, served=made) as one:
        sent = {"model": "embed", "input": "x", "user": "vip"}
        answer = await one.client.post("/v1/embeddings", json=sent, headers={"x-api-key": VIRTUAL})
    assert override_of(answer) == ("embed", "requested_model,override_skipped")


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


async def test_strictly_it_is_a_503(control: FakeControl) -> None:
    control.rows.override("vip", "gone", "fast")
    async with house(control, served=overriding(control), strict=True) as one:
        answer = await one.chat(user="vip")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "override_unavailable")
        assert "retry-after" in answer.headers
        assert (await one.chat(user="somebody")).status_code == 200


async def test_a_customer_cannot_be_named_to_reach_a_forbidden_model(control: FakeControl) -> None:
    control.rows.override("vip", "acme", "fast")
    made = overriding(control)
    control.rows.add(VIRTUAL, models=["small"])
    async with house(control, served=made) as one:
        assert override_of(await one.chat(user="vip")) == ("small", "requested_model,override_skipped")


async def test_without_control_an_unknown_customer_is_served_as_all_others(control: FakeControl) -> None:
    async with house(control, served=overriding(control), timeout_s=0.3) as one:
        assert (await one.chat(user="somebody")).status_code == 200
        await control.kill()
        assert override_of(await one.chat(user="another")) == ("small", "requested_model,override_unknown")
        assert override_of(await one.chat(user="somebody")) == ("small", "requested_model")


async def test_a_refusal_says_nothing_of_the_key(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    async with house(control) as one:
        texts = [await one.chat(model="large"), await one.chat("sk-unknown-to-anybody-here")]
    for answer in texts:
        assert VIRTUAL not in answer.text
        assert "unknown-to" not in json.dumps(dict(answer.headers)) + answer.text
