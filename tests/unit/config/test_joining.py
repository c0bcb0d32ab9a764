"""Entries that were added under a name of the document: who joins its group, and who does not."""

from __future__ import annotations

import pytest

from routeiq.config.state import Deployment, ModelName
from tests.support.config_documents import entry, models
from tests.support.overlays import document_alone, merged, model

PLAIN = models(
    entry("a", "simulated/x", info="id: id-a"),
    entry("shared", "simulated/x", "weight: 2"),
    entry("limited", "simulated/x", "rpm: 100"),
    entry("mixed", "simulated/x", info="id: one"),
    entry("mixed", "simulated/y", info="id: two"),
    entry("vectors", "simulated/v", info="mode: embedding"),
)
LEARNED = PLAIN + "router_settings: {routing_strategy: llmrouter-knn}\n"


def joined(
    name: str, text: str = PLAIN, info: str = "{}", **params: object
) -> tuple[tuple[Deployment, ...], list[str]]:
    """Those of a group of the document, with one more; and what was said."""
    state, problems = merged(model("new", name, info, **({"model": "simulated/x"} | params)), text=text)
    before, after = (one.groups[ModelName(name)].deployments for one in (document_alone(text), state))
    assert after[: len(before)] == before
    assert state.routing.auto_models == document_alone(text).routing.auto_models
    return after[len(before) :], problems


@pytest.mark.parametrize(
    ("name", "params", "weight", "candidate"),
    [
        ("a", {}, 1.0, "a"),
        ("a", {"weight": 3}, 3.0, "a"),
        ("a", {"rpm": 10}, 1.0, "a"),
        ("a", {"model": "simulated/other"}, 1.0, "a"),
        ("shared", {"weight": 5}, 5.0, "shared"),
        ("shared", {}, 0.0, "shared"),
        ("limited", {"rpm": 7, "weight": 5}, 7.0, "limited"),
        ("mixed", {"model": "simulated/y"}, 1.0, "two"),
        ("mixed", {"model": "simulated/z"}, 1.0, "one"),
    ],
)
def test_added_model_joins_a_group_of_the_document_with_its_own_weight(
    name: str, params: dict[str, object], weight: float, candidate: str
) -> None:
    (one,), problems = joined(name, **params)
    assert (one.id, one.group, one.weight, one.candidate) == ("new", name, weight, candidate)
    assert problems == []


@pytest.mark.parametrize(
    ("name", "text", "info", "model_of_it", "message"),
    [
        ("a", PLAIN, '{"mode": "embedding"}', "simulated/x", "its mode is embedding, and chat that of its name"),
        ("vectors", PLAIN, "{}", "simulated/v", "its mode is chat, and embedding that of its name"),
        ("mixed", LEARNED, "{}", "simulated/x", "learned routing chooses among the models of that name"),
        ("a", LEARNED, "{}", "simulated/other", "it is another model than that of its name"),
    ],
)
def test_added_model_of_another_kind_does_not_join(
    name: str, text: str, info: str, model_of_it: str, message: str
) -> None:
    found, (problem,) = joined(name, text, info, model=model_of_it)
    assert found == ()
    assert problem.startswith(f"overlay: models.new: is left out: {message}")


def test_same_model_joins_a_plain_group_under_learned_routing() -> None:
    for params in ({}, {"model": "azure/own-name"}):
        found, problems = joined(
            "a", LEARNED, '{"base_model": "x"}', api_key="k", api_base="https://x.example", **params
        )
        assert (len(found), problems) == (1, [])


def test_alias_of_a_group_has_who_joined_it_too() -> None:
    state, _ = merged(model("new", "a", model="simulated/x"))
    assert [one.id for one in state.named[ModelName("fast")].deployments] == ["id-a", "new"]
