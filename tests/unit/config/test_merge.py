"""The document and the overlay: the document wins; what was added serves beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routeiq.config.merge import merge
from routeiq.config.names import find_group
from routeiq.config.overlay import Overlay
from routeiq.config.problems import Problems
from routeiq.config.state import ModelName
from tests.support.config_documents import NO_PRICES, loaded
from tests.support.overlays import DOCUMENT, EMPTY, SEALED, document_alone, merged, model, open_secret


@pytest.mark.parametrize("text", [DOCUMENT, EMPTY])
def test_empty_overlay_changes_nothing(text: str) -> None:
    problems = Problems("overlay")
    state = merge(loaded(text), Overlay(), {}, problems, open_secret=open_secret, price_file=NO_PRICES)
    assert state == document_alone(text)
    assert problems.all() == ()


def test_version_names_both() -> None:
    state, _ = merged(model())
    assert state.version == document_alone().version.replace(".s0", ".s7")


def test_added_model_serves_and_is_a_candidate_of_auto() -> None:
    state, problems = merged(model(api_key=SEALED), text=EMPTY)
    (one,) = state.groups["new"].deployments  # type: ignore[index]  # a name
    assert (one.id, one.model, one.api_key) == ("1", "z", "secret")
    assert state.routing.auto_models == ("new",)
    assert problems == []


def test_models_of_one_name_are_one_group() -> None:
    state, _ = merged(model("2"), model("1", weight=3), text=EMPTY)
    assert [(one.id, one.weight) for one in state.groups["new"].deployments] == [("1", 3), ("2", 0)]  # type: ignore[index]


def test_added_pattern_comes_after_the_documents() -> None:
    state, _ = merged(model(name="openai/gpt-*"), model("2", name="*", model="groq/*", api_key="k"))
    assert [one.pattern for one in state.wildcards] == ["openai/*", "openai/gpt-*", "*"]
    found = find_group(state, "openai/gpt-x")
    assert found is not None
    assert found.deployments[0].provider == "openai"


def test_blocked_model_is_not_served() -> None:
    state, problems = merged(replace(model(), blocked=True), text=EMPTY)
    assert "new" not in state.groups
    assert problems == []


@pytest.mark.parametrize("name", ["openai/*", "openai/m", "fast", "auto", "all-MiniLM-L6-v2", "openai/mentioned"])
def test_names_of_the_document_win(name: str) -> None:
    state, problems = merged(model(name=name))
    assert problems == ["overlay: models.1: is left out: its model_name belongs to the configuration document"]
    assert state.groups == document_alone().groups


def test_ids_of_the_document_win() -> None:
    _, problems = merged(model("id-a"))
    assert problems == ["overlay: models.id-a: is left out: its id belongs to the configuration document"]


def test_secrets_are_opened_at_any_depth() -> None:
    params = {"extra_headers": {"authorization": SEALED}, "extra_body": {"list": [SEALED, 5], "sealed": 1}}
    state, found = merged(model("1", **params))
    (one,) = state.groups[ModelName("new")].deployments
    assert dict(one.params) == {
        "extra_headers": {"authorization": "secret"}, "extra_body": {"list": ["secret", 5], "sealed": 1},
    }  # fmt: skip
    _, found = merged(model("1", extra_headers={"authorization": {"sealed": "other"}}))
    assert found == [
        "overlay: models.1.litellm_params.extra_headers.authorization: cannot be opened: it was sealed with another key"
    ]
