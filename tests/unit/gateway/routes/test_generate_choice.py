"""`/api/v1/generate`: overrides, learned routing, priority, and the limits of providers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Group, OverrideEntry
from routeiq.gateway.app import create_app
from routeiq.kit.counters import MemoryCounters
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH
from tests.support.generating import (
    AWAY,
    TWO,
    Upstreams,
    ask,
    made,
    of,
    provider,
    refusal,
    said,
)
from tests.support.twins import TwinRouting, decision


def override(service: str | None, to: str, model: str = "m") -> OverrideEntry:
    return OverrideEntry("ada", service, to, model)


@pytest.mark.parametrize(
    ("overrides", "asked", "model"),
    [
        ((override(None, "low"),), {}, "low/m"),
        ((override(None, "low"), override("docs", "high", "b")), {}, "high/b"),
        ((override(None, "low"), override("docs", "high", "b")), {"service": "other"}, "low/m"),
        ((override("docs", "low"),), {"service": "other"}, "high/a"),
        ((override("docs", "low"),), {"user_id": "bob"}, "high/a"),
    ],
)
async def test_an_override_for_the_service_goes_before_one_for_the_customer(
    overrides: tuple[OverrideEntry, ...], asked: dict[str, object], model: str
) -> None:
    upstreams = Upstreams()
    routing = TwinRouting(decision("high/a", ["low/m", "high/b"]))
    await ask(made(of(*TWO, overrides=overrides), upstreams, routing), **asked)
    assert upstreams.calls == [model]


@pytest.mark.parametrize("to", ["gone", "off", "full"])
@pytest.mark.parametrize("strict", [False, True])
async def test_an_override_that_cannot_be_served_is_skipped_or_refused(to: str, strict: bool) -> None:
    off, full = replace(provider("off"), is_enabled=False), provider("full", rpm=1, priority=1)
    gateway = made(of(*TWO, off, full, overrides=(override(None, to),)), Upstreams(), strict=strict)
    gateway.pipeline.executor._caller.quotas.take(full.models[0].quota)
    answer = await ask(gateway)
    if strict:
        assert list(said(answer, 503)) == ["detail"]
    else:
        assert said(answer)["provider"] == "high"
        assert answer.headers["x-routeiq-reason"] == "priority,override_skipped"


async def test_others_answer_for_an_override_that_fails_unless_settings_are_strict() -> None:
    served = of(*TWO, overrides=(override(None, "low"),))
    assert said(await ask(made(served, Upstreams(low__m=refusal(500)))))["provider"] == "high"
    assert said(await ask(made(served, Upstreams(low__m=refusal(500)), strict=True)), 502)


async def test_routing_chooses_among_all_models_and_the_others_stand_behind() -> None:
    upstreams, routing = Upstreams(high__b=refusal(500)), TwinRouting(decision("high/b", ["low/m", "high/a"]))
    answer = await ask(made(of(*TWO), upstreams, routing))
    assert upstreams.calls == ["high/b", "low/m"]
    assert answer.headers["x-routeiq-strategy"] == "ensemble"
    assert [(one.name, one.like) for one in routing.candidates[0]] == [("high/a", "a"), ("high/b", "b"), ("low/m", "m")]


async def test_a_model_whose_quality_was_not_measured_is_not_chosen_by_routing() -> None:
    said_by_it = decision("high/b", ["low/m", "high/a"])
    said_by_it.scores[0].prior = True
    upstreams = Upstreams()
    answer = await ask(made(of(*TWO), upstreams, TwinRouting(said_by_it)))
    assert upstreams.calls == ["low/m"]
    assert answer.headers["x-routeiq-reason"] == "highest_utility_measured"


async def test_a_score_of_a_model_that_nobody_offers_is_passed_over() -> None:
    said_by_it = decision("high/b", ["gone/x", "low/m"])
    said_by_it.scores[0].prior = True
    upstreams = Upstreams()
    await ask(made(of(*TWO), upstreams, TwinRouting(said_by_it)))
    assert upstreams.calls == ["low/m"]


@pytest.mark.parametrize("what", ["all unknown", "away", "unsure"])
async def test_without_a_learned_choice_priority_decides(what: str) -> None:
    said_by_it = decision("high/b", ["low/m", "high/a"])
    if what == "all unknown":
        for score in said_by_it.scores:
            score.prior = True
    if what == "unsure":
        said_by_it.fallback = pb.FALLBACK_OVERLOADED
    upstreams = Upstreams()
    answer = await ask(made(of(*TWO), upstreams, TwinRouting(AWAY if what == "away" else said_by_it)))
    assert (upstreams.calls, answer.headers["x-routeiq-strategy"]) == (["high/a"], "priority")
    expected = {"all unknown": None, "away": "routing_unavailable", "unsure": "overloaded"}[what]
    assert answer.headers.get("x-routeiq-fallback") == expected


async def test_a_provider_past_its_requests_is_passed_over_and_all_of_them_are_429() -> None:
    clock = 60.0 * 1000 + 45
    gateway = made(
        of(provider("a", rpm=1), provider("b", rpm=1)), Upstreams(), cache_ttl_s=0,
        counters=MemoryCounters(lambda: clock),
    )  # fmt: skip
    answers = [await ask(gateway) for _ in range(3)]
    assert [said(one)["provider"] for one in answers[:2]] == ["a", "b"]
    assert list(said(answers[2], 429)) == ["detail"]
    assert answers[2].headers["retry-after"] == "15"
    clock += 15
    assert said(await ask(gateway))["provider"] == "a"


async def test_tokens_count_when_they_are_known() -> None:
    gateway = made(of(provider("a", tpm=10), provider("b", tpm=10)), Upstreams(), cache_ttl_s=0)
    assert [said(await ask(gateway))["provider"] for _ in range(4)] == ["a", "a", "b", "b"]
    assert said(await ask(gateway), 429)


async def test_limits_hold_on_openais_paths_too() -> None:
    served = of(provider("a", rpm=1))
    served = replace(served, provided={one.group: Group(one.group, (one,)) for one in served.providers[0].models})
    edge = create_app(made(served, Upstreams()))
    body = b'{"model":"a/m","messages":[{"role":"user","content":"hi"}]}'
    answers = [await call(edge, scope("POST", "/v1/chat/completions", [AUTH]), body) for _ in range(2)]
    assert [one.status for one in answers] == [200, 429]
    assert json.loads(answers[1].body)["error"]["code"] == "provider_rate_limited"
    assert 1 <= int(answers[1].headers["retry-after"]) <= 60


async def test_a_request_that_comes_late_for_the_last_place_is_served_by_the_next() -> None:
    gateway = made(of(provider("a", rpm=1), provider("b")), Upstreams(), cache_ttl_s=0)
    answers = await asyncio.gather(*(ask(gateway, prompt=f"{number}") for number in range(5)))
    assert sorted(str(said(one)["provider"]) for one in answers) == ["a", "b", "b", "b", "b"]
