"""From a model's name to deployments in order, and the reasons."""

from __future__ import annotations

import json

import msgspec
import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.config.state import Group, Mode, ModelName, RoutingSettings, State
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.conversation import ConversationIds
from routeiq.gateway.pipeline.eligible import NotSpoken
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.lanes import ModelNotFound
from routeiq.gateway.pipeline.learned import Unasked
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.slates import NoEligibleModel
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.principal import Principal, Role
from tests.support.twins import TwinRouting, decision, deployment, learned_router, state

SMALL, LARGE = (
    deployment("small", input_price=1e-7, output_price=2e-7),
    deployment("large", like="gpt", quality_offset=0.1),
)


def context(
    served: State,
    model: str = "auto",
    endpoint: Endpoint = Endpoint.CHAT,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    **body: object,
) -> Context:
    fields = {"messages": [{"role": "user", "content": "hi"}], "input": "hi", **body}
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}
    caller = Caller(Principal("k", Role.USER))
    return Context("r1", caller, served, Call(endpoint, raw, model, False), dict(headers), 0.0)


async def select(routing: TwinRouting, asked: Context) -> Selection:
    balancer = Balancer(Figures(asked.state))
    return await selected(Selector(learned_router(routing, balancer=balancer), balancer, ConversationIds()), asked)


async def selected(selector: Selector, asked: Context) -> Selection:
    found = selector.at_once(asked)
    return await selector.later(asked, found) if isinstance(found, Unasked) else found


async def test_auto_asks_routing_and_puts_the_choice_first() -> None:
    routing = TwinRouting(decision("large"))
    chosen = await select(routing, context(state(SMALL, LARGE)))
    assert [d.candidate for d in chosen.deployments] == ["large", "small"]
    assert (chosen.decision.model, chosen.decision.strategy, chosen.decision.reason) == (
        "large",
        "ensemble",
        "highest_utility",
    )
    assert (chosen.decision.confidence, chosen.decision.artifact_id, chosen.decision.fallback) == (0.9, "a1", "")


async def test_routing_gets_text_prices_per_million_and_likeness() -> None:
    routing = TwinRouting(decision("large"))
    await select(routing, context(state(SMALL, LARGE)))
    small, large = routing.candidates[0]
    assert routing.prompts[0].text == ["hi"]
    assert (small.input_price, small.output_price, small.like) == (pytest.approx(0.1), pytest.approx(0.2), "")
    assert (large.like, large.quality_offset, large.HasField("input_price")) == ("gpt", 0.1, False)


async def test_a_request_steers_the_weight() -> None:
    routing = TwinRouting(decision("large"))
    await select(routing, context(state(SMALL, LARGE), headers=((b"x-routeiq-objective", b"cost"),)))
    assert routing.weights == [0.1]


@pytest.mark.parametrize("reason", ["deadline", "routing_unavailable"])
async def test_without_an_answer_the_fallback_model_serves_and_says_so(reason: str) -> None:
    served = state(
        SMALL,
        LARGE,
        routing=RoutingSettings(
            auto_models=(ModelName("small"), ModelName("large")), fallback_model=ModelName("large")
        ),
    )
    chosen = await select(TwinRouting(RoutingUnavailable(reason)), context(served))
    assert [d.candidate for d in chosen.deployments] == ["large", "small"]
    assert (chosen.decision.fallback, chosen.decision.strategy) == (reason, "fallback")


async def test_without_a_named_fallback_the_first_model_serves() -> None:
    chosen = await select(TwinRouting(RoutingUnavailable("deadline")), context(state(SMALL, LARGE)))
    assert chosen.decision.model == "small"


async def test_the_services_own_fallback_is_passed_on() -> None:
    answer = decision("large", fallback=pb.FALLBACK_OVERLOADED)
    chosen = await select(TwinRouting(answer), context(state(SMALL, LARGE)))
    assert chosen.decision.fallback == "overloaded"


async def test_a_prior_is_flagged() -> None:
    answer = decision("large")
    answer.scores[0].prior = True
    assert (await select(TwinRouting(answer), context(state(SMALL, LARGE)))).decision.prior


async def test_models_that_cannot_serve_are_not_candidates() -> None:
    blind = deployment("blind", supports_vision=False, supports_tools=False)
    routing = TwinRouting(decision("large"))
    chosen = await select(routing, context(state(blind, LARGE), tools=[{"type": "function"}]))
    assert [c.name for c in routing.candidates[0]] == ["large"]
    assert chosen.left_out == (("blind", "no_tools"),)


async def test_images_and_length_filter_too() -> None:
    blind, short = deployment("blind", supports_vision=False), deployment("short", max_input_tokens=1)
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    assert (await select(TwinRouting(decision()), context(state(blind, LARGE), messages=image))).left_out == (
        ("blind", "no_vision"),
    )
    assert (await select(TwinRouting(decision()), context(state(short, LARGE)))).left_out == (
        ("short", "context_length"),
    )


async def test_no_candidate_left_says_why() -> None:
    with pytest.raises(NoEligibleModel, match="blind: no_tools"):
        await select(TwinRouting(decision()), context(state(deployment("blind", supports_tools=False)), tools=[{}]))


async def test_a_named_model_is_served_as_it_is() -> None:
    routing = TwinRouting(decision("large"))
    chosen = await select(routing, context(state(SMALL, LARGE), "small"))
    assert [d.candidate for d in chosen.deployments] == ["small"]
    assert (chosen.decision.strategy, chosen.decision.reason, routing.prompts) == (
        "simple-shuffle",
        "requested_model",
        [],
    )


async def test_deployments_of_one_model_are_shuffled_by_weight() -> None:
    light, heavy = deployment("m", id="light", weight=1), deployment("m", id="heavy", weight=99)
    asked = context(state(light, heavy), "m")
    first = [(await select(TwinRouting(decision()), asked)).deployments[0].id for _ in range(100)]
    assert first.count("heavy") > 80


async def test_a_learned_group_is_routed_among_its_own_deployments() -> None:
    a, b = deployment("a", group="team", candidate="a"), deployment("b", group="team", candidate="b")
    served = State("v", {ModelName("team"): Group(ModelName("team"), (a, b), learned=True)}, RoutingSettings())
    chosen = await select(TwinRouting(decision("b", ["a"])), context(served, "team"))
    assert [d.candidate for d in chosen.deployments] == ["b", "a"]


async def test_all_deployments_of_the_choice_come_before_the_next_best() -> None:
    twins = [deployment("large", id=str(n)) for n in range(3)]
    chosen = await select(TwinRouting(decision("large")), context(state(SMALL, *twins)))
    assert [d.group for d in chosen.deployments] == ["large", "large", "large", "small"]


async def test_an_unknown_model_is_not_found() -> None:
    with pytest.raises(ModelNotFound, match="/v1/models") as caught:
        await select(TwinRouting(decision()), context(state(SMALL), "nope"))
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")


async def test_auto_without_models_is_not_found() -> None:
    with pytest.raises(ModelNotFound):
        await select(TwinRouting(decision()), context(state(routing=RoutingSettings())))


@pytest.mark.parametrize(
    ("model", "said"),
    [("auto", "not embedding.$"), ("small", "its entry .* `model_info: {mode: embedding}`")],
)
async def test_a_chat_model_does_not_embed(model: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=f"serves chat, .*{said}"):
        await select(TwinRouting(decision()), context(state(SMALL), model, Endpoint.EMBEDDINGS))


async def test_an_embedding_model_does_not_chat() -> None:
    with pytest.raises(InvalidRequest, match="serves embedding"):
        await select(TwinRouting(decision()), context(state(deployment("e", mode=Mode.EMBEDDING)), "e"))


async def test_copies_of_one_model_in_a_routed_group_are_one_candidate() -> None:
    copies = [deployment("a", id=str(n), group="team", candidate="a") for n in range(2)]
    b = deployment("b", group="team", candidate="b")
    served = State("v", {ModelName("team"): Group(ModelName("team"), (*copies, b), learned=True)}, RoutingSettings())
    routing = TwinRouting(decision("a", ["b"]))
    chosen = await select(routing, context(served, "team"))
    assert [c.name for c in routing.candidates[0]] == ["a", "b"]
    assert [d.candidate for d in chosen.deployments] == ["a", "a", "b"]


async def test_a_routed_group_of_several_dialects_serves_each_with_those_who_speak_it() -> None:
    ours = deployment("gpt", provider="openai", group=ModelName("mixed"))
    theirs = deployment("claude", provider="anthropic", group=ModelName("mixed"))
    served = State(
        "v", {ModelName("mixed"): Group(ModelName("mixed"), (ours, theirs), learned=True)}, RoutingSettings()
    )
    balancer = Balancer(Figures(served))
    selector = Selector(learned_router(TwinRouting(decision("gpt")), balancer=balancer), balancer, ConversationIds())
    found = {}
    for endpoint in (Endpoint.RESPONSES, Endpoint.CHAT):
        chosen = await selected(selector, context(served, "mixed", endpoint))
        found[endpoint] = {one.candidate for one in chosen.deployments}
    assert found == {Endpoint.RESPONSES: {"gpt"}, Endpoint.CHAT: {"gpt", "claude"}}


async def test_a_model_without_the_dialect_is_501_or_400() -> None:
    only = deployment("claude", provider="anthropic")
    routing = TwinRouting(decision("claude"))
    with pytest.raises(NotSpoken):
        await select(routing, context(state(only), "claude", Endpoint.RESPONSES))
    with pytest.raises(NotSpoken):
        await select(routing, context(state(only), "auto", Endpoint.RESPONSES))
    with pytest.raises(InvalidRequest):
        await select(routing, context(state(only), "claude", Endpoint.COMPLETIONS, prompt="x"))
