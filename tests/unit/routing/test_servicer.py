"""The protocol over the engine, without a wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import make_prompt
from routeiq.kit.errors import InvalidRequest
from routeiq.routing.candidates import Candidate
from routeiq.routing.engine import Engine, Question
from routeiq.routing.servicer import MAX_ENTRIES, MAX_TEXTS, OUTSIDE, RoutingServicer, facts
from tests.support.routing import MODELS, FakeEncoder, twin_loaded


class Context:
    """What the servicer asks of a call: the seconds that are left."""

    def __init__(self, remaining_s: float | None = None) -> None:
        self._remaining_s = remaining_s

    def time_remaining(self) -> float | None:
        return self._remaining_s


CONTEXT = Context()


@pytest.fixture
def servicer(engine: Engine, tmp_path: Path) -> RoutingServicer:
    return RoutingServicer(engine, (tmp_path / "root",))


async def test_route_answers_with_all_that_was_decided(servicer: RoutingServicer) -> None:
    answer = await servicer.Route(pb.RouteRequest(prompt=make_prompt(["how far is the moon"])), CONTEXT)
    assert answer.selected_model == answer.scores[0].model
    assert {one.model for one in answer.scores} == {one.name for one in MODELS}
    assert answer.HasField("confidence")
    assert answer.HasField("novelty")
    assert (answer.domain, answer.fallback, answer.prompt_tokens) == ("talk", pb.FALLBACK_UNSPECIFIED, 7)
    assert list(answer.reasons) == ["highest_utility", "quality_lead"]
    assert answer.timings.total_ms > 0


async def test_scores_carry_the_utility_that_ranks_them(servicer: RoutingServicer) -> None:
    request = pb.RouteRequest(prompt=make_prompt(["x"]), objective=pb.Objective(cost_weight=0.1))
    answer = await servicer.Route(request, CONTEXT)
    mean = sum(one.mean_cost for one in MODELS) / len(MODELS)
    for score in answer.scores:
        assert score.utility == pytest.approx(score.quality - 0.1 * score.cost_usd / mean)


async def test_half_a_price_list_is_none(servicer: RoutingServicer) -> None:
    candidates = [pb.Candidate(name="new", input_price=9.0), pb.Candidate(name="small")]
    answer = await servicer.Route(pb.RouteRequest(prompt=make_prompt(["x"]), candidates=candidates), CONTEXT)
    new = next(one for one in answer.scores if one.model == "new")
    assert (new.prior, new.quality) == (True, 0.5)


async def test_the_log_tells_of_a_prompt_its_length_and_hash_only(engine: Engine) -> None:
    question = Question("sesame", (Candidate("new"),))
    found = facts(question, await engine.route(question))
    assert (found["prompt_chars"], found["fallback"]) == (6, "unknown_models")
    assert "sesame" not in repr(found)


async def test_what_was_not_learned_has_no_confidence(servicer: RoutingServicer) -> None:
    request = pb.RouteRequest(prompt=make_prompt(["x"]), candidates=[pb.Candidate(name="new")])
    answer = await servicer.Route(request, CONTEXT)
    assert answer.fallback == pb.FALLBACK_UNKNOWN_MODELS
    assert not answer.HasField("confidence")
    assert list(answer.reasons) == ["fallback_unknown_models", "only_candidate", "prior"]


async def test_the_calls_deadline_reaches_the_engine(engine: Engine, servicer: RoutingServicer) -> None:
    engine.swap(twin_loaded(FakeEncoder(), "two", token_s=1.0))
    answer = await servicer.Route(pb.RouteRequest(prompt=make_prompt(["late"])), Context(0.5))
    assert answer.fallback == pb.FALLBACK_DEADLINE


async def test_an_entry_that_is_invalid_fails_alone(servicer: RoutingServicer) -> None:
    prompt = make_prompt(["x"])
    twice = pb.CandidateSet(candidates=[pb.Candidate(name="small"), pb.Candidate(name="small")])
    once = pb.CandidateSet(candidates=[pb.Candidate(name="small")])
    entries = [
        pb.RouteEntry(prompt=prompt),
        pb.RouteEntry(prompt=prompt, candidate_set=0),
        pb.RouteEntry(prompt=prompt, candidate_set=1),
        pb.RouteEntry(prompt=prompt, candidate_set=2),
    ]
    request = pb.RouteManyRequest(candidate_sets=[twice, once], entries=entries)
    results = (await servicer.RouteMany(request, CONTEXT)).results
    assert [one.WhichOneof("result") for one in results] == ["response", "error", "response", "error"]
    assert results[1].error == "candidates must have distinct names"
    assert results[2].response.selected_model == "small"
    assert results[3].error == "there is no candidate set 2"


async def test_route_many_decides_as_route_does(servicer: RoutingServicer) -> None:
    prompts = [make_prompt([f"question {number}"]) for number in range(20)]
    request = pb.RouteManyRequest(entries=[pb.RouteEntry(prompt=one) for one in prompts])
    many = (await servicer.RouteMany(request, CONTEXT)).results
    for prompt, result in zip(prompts, many, strict=True):
        one = await servicer.Route(pb.RouteRequest(prompt=prompt), CONTEXT)
        assert list(result.response.scores) == list(one.scores)


async def test_too_much_in_one_call_is_refused(servicer: RoutingServicer) -> None:
    with pytest.raises(InvalidRequest):
        await servicer.RouteMany(pb.RouteManyRequest(entries=[pb.RouteEntry()] * (MAX_ENTRIES + 1)), CONTEXT)
    with pytest.raises(InvalidRequest):
        await servicer.Embed(pb.EmbedRequest(text=["x"] * (MAX_TEXTS + 1)), CONTEXT)


async def test_embed_names_its_encoder(servicer: RoutingServicer) -> None:
    answer = await servicer.Embed(pb.EmbedRequest(text=["a b", ""]), CONTEXT)
    assert answer.encoder == "fake"
    assert [(len(one.values), one.tokens) for one in answer.embeddings] == [(8, 4), (8, 2)]


async def test_info_says_what_is_loaded(engine: Engine, servicer: RoutingServicer) -> None:
    await servicer.Route(pb.RouteRequest(prompt=make_prompt(["x"])), CONTEXT)
    info = await servicer.GetInfo(pb.GetInfoRequest(), CONTEXT)
    assert (info.strategy, info.encoder, info.dimensions, info.decisions) == ("static", "fake", 8, 1)
    assert list(info.candidates) == [one.name for one in MODELS]
    assert info.loaded_at.endswith("Z")
    assert info.artifact_id in info.manifest_json
    engine.loaded = None
    assert (await servicer.GetInfo(pb.GetInfoRequest(), CONTEXT)).artifact_id == ""


@pytest.mark.parametrize("directory", ["/etc", "/nowhere/at/all", "relative", "", "/a\0b", "/" + "x" * 5000])
async def test_what_is_outside_is_refused_alike(directory: str, servicer: RoutingServicer) -> None:
    answer = await servicer.ValidateArtifact(pb.ValidateArtifactRequest(directory=directory), CONTEXT)
    assert (answer.valid, list(answer.errors)) == (False, [OUTSIDE])


async def test_a_link_or_dots_do_not_lead_out(servicer: RoutingServicer, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    for directory in (root / "link", root / ".." / "other"):
        answer = await servicer.ValidateArtifact(pb.ValidateArtifactRequest(directory=str(directory)), CONTEXT)
        assert list(answer.errors) == [OUTSIDE]
