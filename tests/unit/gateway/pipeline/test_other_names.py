"""Aliases and wildcards on the request path: who serves, what the answer calls itself, what is counted."""

from __future__ import annotations

import json

from prometheus_client import CollectorRegistry

from routeiq.config.state import Deployment, ModelName, State
from routeiq.gateway.app import create_app
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.meter import DeploymentMeter
from routeiq.gateway.pipeline.select import MOST_LANES, Selector
from tests.support.asgi import Answer, call, scope
from tests.support.config_documents import built, entry, models
from tests.support.gateway import AUTH, error, make_gateway
from tests.support.twins import TwinProvider, TwinResponse, TwinRouting, decision
from tests.unit.gateway.pipeline.test_select import context

LISTED = models(
    entry("a", "simulated/x"),
    entry("b", "simulated/y"),
    entry("'openai/*'", "'openai/*'", "api_key: k"),
)
ALIASES = "model_group_alias: {fast: a, smart: auto, silent: {model: b, hidden: true}}"


def document(more: str = "") -> State:
    return built(f"{LISTED}router_settings: {{num_retries: 0, {ALIASES}, {more}}}")


def gateway(provider: TwinProvider, more: str = "") -> Gateway:
    return make_gateway(document(more), provider, TwinRouting(decision("b", ("a",))))


async def ask(served: Gateway, model: str) -> Answer:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
    return await call(create_app(served), scope("POST", "/v1/chat/completions", [AUTH]), body)


def answer(model: str) -> TwinResponse:
    return TwinResponse(200, [json.dumps({"id": "x", "model": model, "choices": []}).encode()])


async def test_wildcard_serves_a_name_and_the_answer_says_it() -> None:
    provider = TwinProvider(answer("gpt-4o-mini"))
    found = await ask(gateway(provider), "openai/gpt-4o-mini")
    assert provider.calls[0][1].model == "gpt-4o-mini"
    assert json.loads(found.body)["model"] == "openai/gpt-4o-mini"
    assert found.headers["x-litellm-model-group"] == "openai/gpt-4o-mini"


async def test_alias_serves_and_the_answer_says_it() -> None:
    provider = TwinProvider(answer("x"))
    found = await ask(gateway(provider), "fast")
    assert provider.calls[0][1].model == "x"
    assert json.loads(found.body)["model"] == "fast"
    assert found.headers["x-routeiq-model"] == "a"


async def test_alias_of_auto_is_routed() -> None:
    provider = TwinProvider(answer("y"))
    found = await ask(gateway(provider), "smart")
    assert (provider.calls[0][1].model, found.headers["x-routeiq-model"]) == ("y", "b")


async def test_name_behind_a_wildcard_falls_back_as_its_pattern_says() -> None:
    provider = TwinProvider(TwinResponse(500), answer("x"))
    found = await ask(gateway(provider, "fallbacks: [{'openai/*': [fast]}]"), "openai/gpt-x")
    assert [deployment.model for _, deployment in provider.calls] == ["gpt-x", "x"]
    assert json.loads(found.body)["model"] == "fast"


async def test_routed_group_has_no_fallbacks_of_autos() -> None:
    text = models(entry("g", "simulated/x"), entry("g", "simulated/y"), entry("b", "simulated/z"))
    settings = "router_settings: {routing_strategy: llmrouter-knn, num_retries: 0, fallbacks: [{auto: [b]}]}"
    state = built(text + settings)
    assert state.routing.fallbacks_of("g", state.named_group("g")) is None
    provider = TwinProvider(TwinResponse(500))
    found = await ask(make_gateway(state, provider, TwinRouting(decision("simulated/x", ("simulated/y",)))), "g")
    assert (found.status, len(provider.calls)) == (500, 1)


async def test_fallback_may_be_a_name_behind_a_wildcard() -> None:
    provider = TwinProvider(TwinResponse(500), answer("gpt-x"))
    found = await ask(gateway(provider, "fallbacks: [{a: [openai/gpt-x]}]"), "a")
    assert json.loads(found.body)["model"] == "openai/gpt-x"


async def test_names_behind_one_wildcard_fall_back_to_each_other() -> None:
    provider = TwinProvider(TwinResponse(500), TwinResponse(500), answer("gpt-y"))
    fallbacks = "fallbacks: [{openai/gpt-x: [openai/gpt-x2]}, {openai/gpt-x2: [openai/gpt-y]}]"
    found = await ask(gateway(provider, fallbacks), "openai/gpt-x")
    assert [deployment.model for _, deployment in provider.calls] == ["gpt-x", "gpt-x2", "gpt-y"]
    assert json.loads(found.body)["model"] == "openai/gpt-y"


async def test_alias_of_a_group_that_failed_is_not_called_again() -> None:
    provider = TwinProvider(TwinResponse(500), answer("y"))
    found = await ask(gateway(provider, "fallbacks: [{a: [fast, b]}]"), "a")
    assert [deployment.model for _, deployment in provider.calls] == ["x", "y"]
    assert json.loads(found.body)["model"] == "b"


async def test_auto_without_models_says_so() -> None:
    served = make_gateway(built("model_list: []"), TwinProvider(), TwinRouting(decision("b")))
    found = await ask(served, "auto")
    assert (found.status, error(found)["code"]) == (404, "model_not_found")
    assert error(found)["message"] == "`auto` has no models to choose among yet: no chat model is configured."


async def test_names_that_callers_choose_are_counted_as_their_pattern() -> None:
    served = gateway(TwinProvider(answer("x")))
    for name in ("openai/one", "openai/two"):
        await ask(served, name)
    served.pipeline.meter.flush()
    exposed = await call(create_app(served), scope("GET", "/metrics", []))
    text = exposed.body.decode()
    assert "openai/one" not in text
    assert 'model="openai/*"' in text


async def test_names_that_callers_choose_take_a_bounded_place() -> None:
    served = document()
    selector = Selector(None, Balancer(Figures(served)), None)  # type: ignore[arg-type]  # neither is asked
    for number in range(MOST_LANES + 10):
        selector.at_once(context(served, f"openai/m{number}"))
    assert len(selector._lanes) <= MOST_LANES


def test_model_that_is_not_there_cools_no_wildcard() -> None:
    served = built(models(*(entry("'m/*'", "'openai/*'", f"api_key: k{n}", f"id: d{n}") for n in (1, 2))))
    figures = Figures(served)
    cooldowns = Cooldowns(served, figures, DeploymentMeter(CollectorRegistry()))
    live = figures.of(served.wildcards[0].group.deployments[0].id)
    cooldowns.failed(live, 404, figures.clock())
    assert live.rest_until == 0.0
    cooldowns.failed(live, 429, figures.clock())
    assert live.rest_until > 0.0


def test_further_names_have_what_is_theirs_made_once() -> None:
    served, made = document(), list[str]()

    def make(deployment: Deployment) -> str:
        made.append(deployment.group)
        return deployment.group

    kept = PerDeployment(make)
    fast, plain = served.named[ModelName("fast")].deployments[0], served.groups[ModelName("a")].deployments[0]
    for _ in range(3):
        assert (kept.of(fast), kept.of(plain)) == ("fast", "a")
    assert made == ["fast", "a"]


async def test_models_list_aliases_and_no_wildcards() -> None:
    app = create_app(gateway(TwinProvider()))

    async def ids(path: str, query: str = "") -> list[str]:
        asked = {**scope("GET", path, [AUTH]), "query_string": query.encode()}
        return [one["id"] for one in json.loads((await call(app, asked)).body)["data"]]

    plain = ["auto", "a", "b", "all-MiniLM-L6-v2", "fast", "smart"]
    assert await ids("/v1/models") == plain
    assert await ids("/v1/models", "return_wildcard_routes=true") == [*plain, "openai/*"]
    for name in ("silent", "smart", "openai/gpt-x"):
        found = await call(app, scope("GET", f"/v1/models/{name}", [AUTH]))
        assert json.loads(found.body)["id"] == name
