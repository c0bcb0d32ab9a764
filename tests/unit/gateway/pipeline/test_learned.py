"""The learned choice with its memory: decisions that were made, conversations that stay, fallbacks that say why."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from msgspec import structs
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.config.state import DeploymentId, RoutingSettings, State
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.conversation import Conversation
from routeiq.gateway.pipeline.learned import LearnedRouter, Question
from routeiq.gateway.pipeline.prompt import PromptView, asks
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import Decision
from tests.support.twins import TwinRouting, decision, deployment, learned_router, state

SMALL, LARGE, BLIND = deployment("small"), deployment("large"), deployment("blind", supports_tools=False)
SERVED = state(SMALL, LARGE, BLIND)
TALK = Conversation(b"c" * 16, followed=True, history_bytes=0)
AWAY = RoutingUnavailable("routing_unavailable")


def question(text: str = "hi", *, talk: Conversation | None = None, served: State = SERVED, **view: bool) -> Question:
    seen = structs.replace(PromptView.of_text(text), asks=asks(text, **view), input_bytes=9, **view)
    return Question(served, None, seen, 0.03, "r", talk)


def close_call(first: str, second: str) -> pb.RouteResponse:
    """Two models of nearly one utility."""
    made = decision(first, [second, "blind"])
    for score in made.scores:
        score.utility = 0.8 if score.model == first else 0.79
    return made


def limits(**fields: object) -> State:
    routing = replace(SERVED.routing, **fields)  # type: ignore[arg-type]  # test data
    return replace(SERVED, routing=routing)


async def first(router: LearnedRouter, asked: Question) -> tuple[str, str]:
    chosen = await router.route(asked)
    assert chosen.deployments[0].candidate == chosen.decision.model
    return chosen.decision.model, chosen.decision.reason


def what_and_why(one: Decision) -> tuple[object, ...]:
    return one.model, one.strategy, one.reason, one.confidence, one.artifact_id, one.fallback, one.prior


async def test_an_equal_question_is_asked_once_and_decided_twice() -> None:
    routing = TwinRouting(decision("large"))
    router = learned_router(routing)
    made, again = await router.route(question()), await router.route(question())
    assert len(routing.prompts) == 1
    assert (made.decision.cached, again.decision.cached) == (False, True)
    assert made.decision.decision_id != again.decision.decision_id
    assert what_and_why(again.decision) == what_and_why(made.decision)
    assert again.deployments == made.deployments


@pytest.mark.parametrize("answer", [AWAY, decision("large", fallback=pb.FALLBACK_DEADLINE)])
async def test_what_was_not_learned_is_asked_again(answer: pb.RouteResponse | RoutingUnavailable) -> None:
    routing = TwinRouting(answer)
    router = learned_router(routing)
    for _ in range(2):
        assert not (await router.route(question())).decision.cached
    assert len(routing.prompts) == 2


async def test_an_old_prompt_that_was_not_decided_is_asked_with_its_text() -> None:
    routing = TwinRouting(AWAY)
    router = learned_router(routing)
    body = {"messages": msgspec.Raw(b'[{"role":"user","content":"how far is the moon"}]')}
    for _ in range(2):
        asked = question()
        await router.route(structs.replace(asked, view=router.prompts.view(body, Endpoint.CHAT), body=body))
    assert [list(prompt.text) for prompt in routing.prompts] == [["how far is the moon"]] * 2


async def test_where_routing_is_overloaded_nothing_is_asked() -> None:
    routing = TwinRouting(decision("large"))
    router = learned_router(routing)
    await router.route(question("old"))
    routing.full = True
    assert (await router.route(question("new"))).decision.fallback == "overloaded"
    assert (await router.route(question("old"))).decision.cached
    assert len(routing.prompts) == 1


async def test_a_state_with_other_limits_judges_an_old_decision_anew() -> None:
    routing = TwinRouting(decision("large"))
    router = learned_router(routing)
    await router.route(question())
    for served, fallback in ((limits(min_confidence=0.95), "low_confidence"), (SERVED, "")):
        assert (await router.route(question(served=served))).decision.fallback == fallback
    routing.answer = AWAY
    for model in ("blind", "large"):
        chosen = await router.route(question("other", served=limits(fallback_model=model)))
        assert chosen.deployments[0].candidate == model
    assert len(routing.prompts) == 3


async def test_the_deployments_of_one_model_stay_balanced_in_a_decision_that_was_made_before() -> None:
    twins = [replace(LARGE, id=DeploymentId(f"id-{n}")) for n in range(2)]
    served, routing = state(SMALL, *twins), TwinRouting(decision("large", ["small"]))
    router = learned_router(routing)
    firsts = {(await router.route(question(served=served))).deployments[0].id for _ in range(60)}
    assert firsts == {"id-0", "id-1"}
    assert len(routing.prompts) == 1


async def test_a_state_that_changes_a_candidate_is_decided_anew() -> None:
    routing = TwinRouting(decision("large"))
    router = learned_router(routing)
    await router.route(question())
    await router.route(question(served=state(SMALL, replace(LARGE, input_price=1e-6), BLIND)))
    assert len(routing.prompts) == 2


async def test_a_conversation_keeps_its_model_while_a_switch_does_not_pay() -> None:
    routing = TwinRouting(close_call("large", "small"))
    router = learned_router(routing)
    assert await first(router, question("one", talk=TALK)) == ("large", "highest_utility")
    routing.answer = close_call("small", "large")
    kept = await router.route(question("two", talk=TALK))
    assert (kept.decision.model, kept.decision.reason, kept.decision.fallback) == ("large", "sticky", "")
    assert kept.decision.confidence == pytest.approx(0.8)
    assert [d.candidate for d in kept.deployments][:2] == ["large", "small"]


async def test_it_switches_where_that_pays_and_then_keeps_the_new_one() -> None:
    routing = TwinRouting(close_call("large", "small"))
    router = learned_router(routing)
    await router.route(question("one", talk=TALK))
    routing.answer = decision("small", ["large", "blind"])
    assert await first(router, question("two", talk=TALK)) == ("small", "highest_utility")
    routing.answer = close_call("large", "small")
    assert await first(router, question("three", talk=TALK)) == ("small", "sticky")


async def test_a_decision_that_was_made_before_does_not_move_a_conversation_either() -> None:
    routing = TwinRouting(close_call("small", "large"))
    router = learned_router(routing)
    await router.route(question("one"))
    routing.answer = close_call("large", "small")
    await router.route(question("two", talk=TALK))
    kept = await router.route(question("one", talk=TALK))
    assert (kept.decision.model, kept.decision.reason, kept.decision.cached) == ("large", "sticky", True)


async def test_a_model_that_cannot_serve_this_turn_is_left() -> None:
    routing = TwinRouting(decision("blind", ["large", "small"]))
    router = learned_router(routing)
    await router.route(question("one", talk=TALK))
    routing.answer = decision("large")
    assert await first(router, question("two", talk=TALK, has_tools=True)) == ("large", "highest_utility")


async def test_conversations_are_apart_and_first_turns_do_not_stick() -> None:
    routing = TwinRouting(close_call("large", "small"))
    router = learned_router(routing)
    await router.route(question("one", talk=TALK))
    routing.answer = close_call("small", "large")
    assert (await first(router, question("two", talk=structs.replace(TALK, id=b"d" * 16))))[0] == "small"
    assert (await first(router, question("two")))[0] == "small"
    assert (await first(router, question("two", talk=structs.replace(TALK, followed=False))))[0] == "small"


@pytest.mark.parametrize("answer", [AWAY, decision("small", ["large"], fallback=pb.FALLBACK_OVERLOADED)])
async def test_what_was_not_learned_neither_moves_nor_makes_a_conversation(
    answer: pb.RouteResponse | RoutingUnavailable,
) -> None:
    routing = TwinRouting(answer)
    router = learned_router(routing)
    assert (await router.route(question("zero", talk=TALK))).decision.fallback
    routing.answer = close_call("large", "small")
    assert await first(router, question("one", talk=TALK)) == ("large", "highest_utility")
    routing.answer = answer
    kept = await router.route(question("two", talk=TALK))
    assert (kept.decision.model, kept.decision.reason) == ("large", "sticky")
    assert kept.decision.fallback in ("routing_unavailable", "overloaded")
    assert kept.decision.confidence is None


async def test_looking_changes_no_conversation() -> None:
    routing = TwinRouting(close_call("large", "small"))
    router = learned_router(routing)
    await router.route(question("one", talk=TALK), remember=False)
    routing.answer = close_call("small", "large")
    assert (await first(router, question("two", talk=TALK)))[0] == "small"
    routing.answer = decision("large", ["small", "blind"])
    assert (await router.route(question("three", talk=TALK), remember=False)).decision.model == "large"
    routing.answer = close_call("large", "small")
    assert await first(router, question("four", talk=TALK)) == ("small", "sticky")


@pytest.mark.parametrize(
    ("limit", "answer", "reason"),
    [
        ({"min_confidence": 0.95}, decision("large"), "low_confidence"),
        ({"max_novelty": 0.5}, decision("large", novelty=0.6), "novel_prompt"),
        ({"min_confidence": 0.9, "max_novelty": 0.6}, decision("large", novelty=0.6), ""),
        ({}, decision("large", novelty=1.4, confidence=0.0), ""),
        ({"min_confidence": 0.95}, decision("large", fallback=pb.FALLBACK_NO_PROMPT, confidence=None), "no_prompt"),
    ],
)
async def test_a_doubtful_choice_goes_to_the_fallback_where_the_document_says_so(
    limit: dict[str, object], answer: pb.RouteResponse, reason: str
) -> None:
    served = limits(fallback_model="blind", **limit)
    router = learned_router(TwinRouting(answer))
    for _ in range(2):  # the second time from the cache
        chosen = (await router.route(question(served=served))).decision
        assert chosen.fallback == reason
        assert chosen.model == ("blind" if reason in ("low_confidence", "novel_prompt") else "large")
        assert (chosen.confidence is None) == bool(reason)


async def test_a_choice_that_nobody_asked_for_is_no_choice() -> None:
    chosen: Selection = await learned_router(TwinRouting(decision("stranger"))).route(question())
    assert (chosen.decision.fallback, chosen.decision.model) == ("routing_unavailable", "small")


async def test_what_happens_is_counted() -> None:
    registry, routing = CollectorRegistry(), TwinRouting(close_call("large", "small"))
    router = learned_router(routing, registry=registry)
    for text in ("one", "one"):
        await router.route(question(text, talk=TALK))
    routing.answer = close_call("small", "large")
    await router.route(question("two", talk=TALK))
    routing.answer = AWAY
    await router.route(question("three", talk=TALK))
    text = generate_latest(registry).decode()
    for line in (
        'gateway_routing_decision_cache_lookups_total{result="hit"} 1.0',
        'gateway_routing_decision_cache_lookups_total{result="miss"} 3.0',
        'gateway_routing_conversations_total{result="same"} 1.0',
        'gateway_routing_conversations_total{result="kept"} 2.0',
        'gateway_routing_fallbacks_total{reason="routing_unavailable"} 1.0',
    ):
        assert line in text


def test_the_documents_defaults_doubt_nothing() -> None:
    defaults = RoutingSettings()
    assert (defaults.min_confidence, defaults.max_novelty, defaults.sticky) == (0.0, 1.0, True)
