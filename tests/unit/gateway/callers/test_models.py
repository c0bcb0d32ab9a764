"""Which models a key may call: lists, wildcards, access groups, special words and aliases, under a state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routeiq.config.model_access import UNRESTRICTED, ModelAccess, model_access
from routeiq.config.names import renamed
from routeiq.config.state import Deployment, FallbackNames, Group, ModelName, State, Wildcard
from routeiq.gateway.callers.models import ModelDenied
from routeiq.gateway.pipeline.permitted import may_be_served, may_call, permitted, permitted_fallbacks
from tests.support.twins import deployment, state

GPT = deployment("gpt-4o", provider="openai")
CHEAP = deployment("cheap", provider="openai", model="gpt-4o-mini")
CLAUDE = deployment("claude", provider="anthropic", access_groups=("beta",))
ROUTED = [
    deployment("one", group=ModelName("routed"), candidate="one"),
    deployment("two", group=ModelName("routed"), candidate="two"),
]


def served() -> State:
    """`auto` chooses among the first three; `short` is the router's alias of `cheap`."""
    made = state(GPT, CHEAP, CLAUDE)
    groups = {**made.groups, ModelName("routed"): Group(ModelName("routed"), tuple(ROUTED), learned=True)}
    template = deployment("openai/*", provider="openai", model="*")
    return replace(
        made,
        groups=groups,
        named={ModelName("short"): renamed(groups[ModelName("cheap")], ModelName("short"))},
        wildcards=(Wildcard(Group(ModelName("openai/*"), (template,))),),
    )


STATE = served()


def refusal(access: ModelAccess, model: str) -> ModelDenied:
    with pytest.raises(ModelDenied) as caught:
        permitted(STATE, access, model)
    return caught.value


@pytest.mark.parametrize(
    ("words", "model", "allowed"),
    [
        ([], "gpt-4o", True),
        (["gpt-4o"], "gpt-4o", True),
        (["gpt-4o"], "cheap", False),
        (["gpt-4o"], "gpt-4o-2", False),
        (["gpt-*"], "gpt-4o", True),
        (["gpt-*"], "cheap", False),
        (["*"], "cheap", True),
        (["all-proxy-models"], "cheap", True),
        (["all-team-models"], "cheap", True),
        (["no-default-models"], "cheap", False),
        (["beta"], "claude", True),
        (["beta"], "cheap", False),
        (["openai/*"], "gpt-4o", True),
        (["openai/*"], "cheap", False),
        (["openai/*"], "openai/o9", True),
        (["openai/o*"], "openai/gpt-9", False),
        (["anthropic/*"], "openai/o9", False),
        (["cheap"], "short", True),
        (["short"], "cheap", False),
        (["short"], "short", True),
        (["gpt-4o"], "no-such-model", False),
        (["routed"], "routed", True),
    ],
)
def test_a_keys_list(words: list[str], model: str, allowed: bool) -> None:
    assert may_call(STATE, model_access(key=words), model) is allowed


@pytest.mark.parametrize(
    ("lists", "kind"),
    [
        ({"key": ["cheap"]}, "key_model_access_denied"),
        ({"team": ["cheap"]}, "team_model_access_denied"),
        ({"member": ["cheap"]}, "team_model_access_denied"),
        ({"user": ["cheap"]}, "user_model_access_denied"),
        ({"key": ["gpt-4o"], "team": ["cheap"]}, "team_model_access_denied"),
        ({"key": ["all-team-models"], "team": ["cheap"]}, "team_model_access_denied"),
        ({"key": ["gpt-4o"], "user": ["no-default-models"]}, "user_model_access_denied"),
    ],
)
def test_each_level_has_its_word(lists: dict[str, list[str]], kind: str) -> None:
    error = refusal(model_access(**lists), "gpt-4o")  # type: ignore[arg-type]
    assert (error.status, error.type, error.code, error.param) == (403, kind, "403", "model")
    assert error.message == (
        "The requested model 'gpt-4o' is not available for this API key, or the model name is invalid. "
        "Check the models available to you and try again."
    )


def test_no_models_of_its_own_says_nothing_about_a_teams_keys() -> None:
    access = model_access(key=["gpt-4o"], user=["no-default-models"], in_team=True)
    assert may_call(STATE, access, "gpt-4o")


def test_equal_words_are_one_access() -> None:
    assert model_access(key=["a", "b"], aliases={"x": "a"}) is model_access(key=["b", "a"], aliases={"x": "a"})
    assert model_access(key=["a"]) is not model_access(team=["a"])
    assert model_access(key=["*"], team=["all-proxy-models"]) is UNRESTRICTED


def test_aliases_apply_in_order() -> None:
    access = model_access(aliases={"mine": "ours"}, team_aliases={"ours": "short"})
    found = permitted(STATE, access, "mine")
    assert found.group is not None
    assert found.name == "short"
    assert (found.group.name, found.group.deployments[0].id) == ("mine", CHEAP.id)
    assert found.group.deployments[0].entry == "cheap"


@pytest.mark.parametrize(
    ("lists", "allowed"),
    [
        ({"key": ["mine"]}, True),
        ({"key": ["ours"]}, True),
        ({"key": ["cheap"]}, True),
        ({"key": ["gpt-4o"]}, False),
        ({"team": ["ours"]}, True),
        ({"team": ["cheap"]}, True),
        ({"team": ["mine"]}, False),
        ({"user": ["mine"]}, False),
        ({"user": ["cheap"]}, True),
    ],
)
def test_an_alias_or_what_it_means_is_enough_but_a_keys_alias_for_its_key_alone(
    lists: dict[str, list[str]], allowed: bool
) -> None:
    access = model_access(**lists, aliases={"mine": "ours"}, team_aliases={"ours": "short"})  # type: ignore[arg-type]
    assert may_call(STATE, access, "mine") is allowed


@pytest.mark.parametrize(
    ("lists", "left"),
    [
        ({}, None),
        ({"key": ["auto"]}, None),
        ({"key": ["*"]}, None),
        ({"key": ["cheap", "gpt-4o"]}, {"cheap", "gpt-4o"}),
        ({"key": ["beta"]}, {"claude"}),
        ({"key": ["openai/*"]}, {"gpt-4o"}),
        ({"key": ["cheap", "gpt-4o"], "team": ["cheap", "claude"]}, {"cheap"}),
        ({"key": ["auto"], "team": ["cheap"]}, {"cheap"}),
    ],
)
def test_auto_chooses_among_what_the_key_may_call(lists: dict[str, list[str]], left: set[str] | None) -> None:
    assert permitted(STATE, model_access(**lists), "auto").candidates == left  # type: ignore[arg-type]


@pytest.mark.parametrize("lists", [{"key": ["routed"]}, {"key": ["cheap"], "team": ["claude"]}, {"key": ["nothing"]}])
def test_auto_is_refused_to_who_may_call_none(lists: dict[str, list[str]]) -> None:
    assert refusal(model_access(**lists), "auto").status == 403  # type: ignore[arg-type]


def test_a_routed_group_is_confined_to_the_members_that_are_named() -> None:
    assert permitted(STATE, model_access(key=["two"]), "routed").candidates == {"two"}
    assert permitted(STATE, model_access(key=["routed"]), "routed").candidates is None


def test_fallbacks_are_those_that_the_caller_may_call_by_their_own_names() -> None:
    names = FallbackNames((ModelName("gpt-4o"), ModelName("claude")), (ModelName("auto"),), (ModelName("cheap"),))
    access = model_access(key=["claude", "cheap"], aliases={"gpt-4o": "cheap"})
    assert permitted_fallbacks(STATE, access, names) == FallbackNames((ModelName("claude"),), (), (ModelName("cheap"),))
    assert permitted_fallbacks(STATE, UNRESTRICTED, names) is names


def test_of_a_routed_group_all_must_be_allowed_where_nobody_chooses() -> None:
    assert not may_be_served(STATE, model_access(key=["two"]), "routed")
    assert may_be_served(STATE, model_access(key=["routed"]), "routed")


def test_a_name_that_does_not_exist_is_refused_to_the_restricted_and_not_found_by_others() -> None:
    assert refusal(model_access(key=["gpt-4o"]), "nope").status == 403
    assert not permitted(STATE, model_access(key=["nope"]), "nope").exists
    assert not permitted(STATE, UNRESTRICTED, "nope").exists


def first(group: Group | None) -> Deployment:
    assert group is not None
    return group.deployments[0]


def test_two_callers_may_call_different_models_by_one_alias() -> None:
    mine, yours = model_access(aliases={"x": "gpt-4o"}), model_access(aliases={"x": "cheap"})
    assert first(permitted(STATE, mine, "x").group).id != first(permitted(STATE, yours, "x").group).id
