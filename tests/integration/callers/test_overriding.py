"""Customers whose model an override names, over a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routeiq.config.state import Mode, ModelName, OverrideEntry, ProviderEntry, RoutingSettings, State
from tests.integration.callers.conftest import VIRTUAL, house, served
from tests.support.fake_control import FakeControl, changed
from tests.support.twins import deployment, state
from tests.support.waiting import until


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
    async with house(control, served=overriding(control), timeout_s=1.0) as one:

        async def somebody_is_known() -> bool:
            return override_of(await one.chat(user="somebody")) == ("small", "requested_model")

        await until(somebody_is_known)
        await control.kill()
        assert override_of(await one.chat(user="another")) == ("small", "requested_model,override_unknown")
        assert override_of(await one.chat(user="somebody")) == ("small", "requested_model")
