"""The document and the overlay: the document wins, faults leave the rest alone, order does not matter."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.config.build import build
from routeiq.config.merge import merge
from routeiq.config.names import find_group
from routeiq.config.overlay import Overlay, OverlayModel, OverlayProvider
from routeiq.config.problems import Problems
from routeiq.config.state import Deployment, ModelName, Quota, State
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin
from tests.support.config_documents import NO_PRICES, entry, loaded, models

DOCUMENT = (
    models(
        entry("a", "simulated/x", info="id: id-a"),
        entry("b", "simulated/y"),
        entry("'openai/*'", "'openai/*'", "api_key: k"),
    )
    + "router_settings: {routing_strategy: llmrouter-knn, model_group_alias: {fast: a}, "
    "fallbacks: [{a: [openai/mentioned]}, {'*': [b]}]}\n"
    + "routeiq: {providers: [{name: openai, models: [m], api_key: k}], "
    "overrides: [{user_id: u, provider_name: openai, model_name: m}]}\n"
)
EMPTY = "model_list: []\n"
SEALED = {"sealed": "box:secret"}


def open_secret(sealed: str, entry_id: str) -> str:
    """Seals are `box:` and the secret; those of the entry `stolen` are another's."""
    if not sealed.startswith("box:") or entry_id == "stolen":
        raise RouteIQError("no")
    return sealed.removeprefix("box:")


def model(identifier: str = "1", name: str = "new", info: str = "{}", **params: object) -> OverlayModel:
    return OverlayModel(identifier, name, json.dumps({"model": "simulated/z", **params}), info)


def provider(name: str = "own", **fields: object) -> OverlayProvider:
    base: dict[str, object] = {"id": f"p-{name}", "models": ("m",), "base_url": "https://own.example"}
    return OverlayProvider(name=name, **(base | fields))  # type: ignore[arg-type]  # test data


def merged(*added: OverlayModel | OverlayProvider, text: str = DOCUMENT, **environ: str) -> tuple[State, list[str]]:
    overlay = Overlay(
        7,
        tuple(one for one in added if isinstance(one, OverlayModel)),
        tuple(one for one in added if isinstance(one, OverlayProvider)),
    )
    problems = Problems("overlay")
    state = merge(loaded(text), overlay, environ, problems, open_secret=open_secret, price_file=NO_PRICES)
    return state, [str(problem) for problem in problems.all()]


def document_alone(text: str = DOCUMENT) -> State:
    return build(loaded(text), {}, price_file=NO_PRICES)


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
    assert (one.id, one.model, one.api_key, one.origin) == ("1", "z", "secret", Origin.OPERATOR)
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
    assert (one.id, one.group, one.weight, one.candidate, one.origin) == (
        "new",
        name,
        weight,
        candidate,
        Origin.OPERATOR,
    )
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


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (replace(model("9"), litellm_params="{"), "models.9.litellm_params: is not a JSON object"),
        (replace(model("9"), model_info="[]"), "models.9.model_info: is not a JSON object"),
        (replace(model("9"), litellm_params="{}"), "models.9.litellm_params.model: is required"),
        (model("9", rpm="many"), "models.9.litellm_params.rpm: must be a number"),
        (model("9", name=""), "models.9.model_name: must not be empty"),
        (model("9", api_base="http://10.0.0.1"), "models.9.litellm_params.api_base: the URL leads to a private"),
        (model("9", api_base="ftp://x"), "models.9.litellm_params.api_base: the URL must be"),
        (model("9", api_key={"sealed": "other"}), "models.9.litellm_params.api_key: cannot be opened"),
        (model("stolen", api_key=SEALED), "models.stolen.litellm_params.api_key: cannot be opened"),
        (model("9", name="x*", model="openai/*/*"), "models.9.litellm_params.model: has more `*` than model_name"),
        (model("9", model="openai/"), "models.9.litellm_params.model: names no model after the slash"),
        (model("9", api_key="os.environ/LITELLM_MASTER_KEY"), "models.9.litellm_params.api_key: refers to the env"),
        (
            model("9", extra_headers={"x": ["os.environ/HOME"]}),
            "models.9.litellm_params.extra_headers: refers to the environment, which only the document may",
        ),
        (model("9", aws_web_identity_token="oidc/env/HOME"), "models.9.litellm_params.aws_web_identity_token: refers"),
        (
            model("9", model="openai/x", api_key="os.environ/OPENAI_API_KEY", api_base="https://evil.example"),
            "models.9.litellm_params.api_key: refers to the environment",
        ),
        (provider("a/b"), "providers.p-a/b.name: must have no slash and no space"),
        (provider("own", base_url=""), "providers.p-own: needs a base_url"),
        (provider("own", base_url="http://127.0.0.1"), "providers.p-own.base_url: the URL leads to a private"),
        (provider("own", api_key="nope"), "providers.p-own.api_key: cannot be opened"),
        (provider("own", rate_limit_rpm=-1), "providers.p-own.rate_limit_rpm: must be greater"),
        (provider("openai"), "providers.p-openai: is left out: its name belongs to the configuration document"),
    ],
)
def test_faulty_entry_is_left_out_and_the_rest_serves(faulty: OverlayModel | OverlayProvider, message: str) -> None:
    state, problems = merged(faulty, model("1"), provider("good"))
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"overlay: {message}"), problems
    assert "new" in state.groups
    assert [one.name for one in state.providers] == ["openai", "good"]


def test_routed_group_whose_names_are_ambiguous_is_left_out_whole() -> None:
    pair = (model("simulated/y", name="g", model="simulated/x"), model("2", name="g", model="simulated/y"))
    assert merged(*pair)[1] == []
    state, problems = merged(model("same", name="g"), model("same", name="h"))
    assert problems == ["overlay: models.same: is left out: its id is another model's"]
    assert "g" in state.groups


def test_reference_to_the_providers_own_key_is_what_is_looked_up_anyway() -> None:
    added = model(model="openai/x", api_key="os.environ/OPENAI_API_KEY")
    state, problems = merged(added, text=EMPTY, OPENAI_API_KEY="k")
    assert state.groups["new"].deployments[0].api_key == "k"  # type: ignore[index]  # a name
    assert problems == []


def test_private_address_may_be_allowed_by_the_environment() -> None:
    added = model(api_base="http://10.0.0.1")
    assert merged(added, LLMROUTER_OUTBOUND_ALLOW_PRIVATE="true")[1] == []


def test_added_provider_is_a_record_like_the_documents() -> None:
    state, _ = merged(provider("own", api_key="box:k", display_name="Own", priority=99, enabled=False), text=EMPTY)
    (own,) = state.providers
    assert (own.display_name, own.priority, own.is_enabled, own.origin) == ("Own", 99, False, Origin.OPERATOR)
    assert (own.models[0].api_key, own.models[0].group, own.models[0].origin) == ("k", "own/m", Origin.OPERATOR)


def test_models_of_providers_have_names_that_nobody_else_has() -> None:
    state, problems = merged(
        provider("own", models=("m", "n")), provider("off", enabled=False), model(name="own/n"), model("2", name="*")
    )
    assert problems == []
    assert set(state.provided) == {"openai/m", "own/m"}
    for name, identifier in (("own/m", "provider:own/m"), ("own/n", "1"), ("openai/m", "provider:openai/m")):
        found = find_group(state, name)
        assert found is not None
        assert (found.name, found.deployments[0].id) == (name, identifier)


def test_added_provider_takes_no_name_that_a_wildcard_of_the_document_has() -> None:
    text = models(entry("'openai/*'", "'openai/*'", "api_key: k"), entry("'own/*'", "'groq/*'", "api_key: k"))
    state, _ = merged(provider("openai", api_key="box:k"), provider("own"), provider("new"), text=text)
    assert set(state.provided) == {"new/m"}
    found = find_group(state, "openai/m")
    assert found is not None
    assert found.deployments[0].entry == "openai/*"


def test_provider_may_have_no_more_than_its_limits() -> None:
    state, _ = merged(provider("own", rate_limit_rpm=0, rate_limit_tpm=5), text=EMPTY)
    assert state.providers[0].models[0].quota == Quota("own", 0, 5)


def test_overrides_that_are_looked_up_are_said_to_exist() -> None:
    overlay, problems = Overlay(has_overrides=True), Problems("overlay")
    state = merge(loaded(EMPTY), overlay, {}, problems, open_secret=open_secret, price_file=NO_PRICES)
    assert state.has_overrides


NAMES = st.sampled_from(["a", "b", "c", "d", "auto", "fast", "openai/*", "d/*", "*", "openai/mentioned", ""])
PARAMS = st.fixed_dictionaries(
    {"model": st.sampled_from(["simulated/x", "simulated/y", "openai/*", "openai/gpt", "", "x/", "*"])},
    optional={
        "api_key": st.sampled_from(["k", SEALED, {"sealed": "bad"}, "os.environ/OPENAI_API_KEY", 5]),
        "api_base": st.sampled_from(["https://x.example", "http://10.0.0.1", "nonsense", None]),
        "weight": st.sampled_from([0, 1, 2.5, -1, "x"]),
        "order": st.integers(0, 3),
    },
)
INFO = st.fixed_dictionaries({}, optional={"mode": st.sampled_from(["chat", "embedding", 5]), "base_model": NAMES})
MODELS = st.lists(
    st.builds(
        OverlayModel,
        st.sampled_from(["1", "2", "3", "id-a", "a"]),
        NAMES,
        PARAMS.map(json.dumps) | st.just("{"),
        INFO.map(json.dumps),
        st.booleans(),
    ),
    max_size=6,
)
PROVIDERS = st.lists(
    st.builds(
        OverlayProvider,
        id=st.sampled_from(["p", "q"]),
        name=st.sampled_from(["openai", "own", "anthropic", "a/b", ""]),
        models=st.lists(st.sampled_from(["m", "n", ""]), max_size=2).map(tuple),
        api_key=st.sampled_from(["", "box:k", "bad"]),
        base_url=st.sampled_from(["", "https://x.example", "http://127.0.0.1"]),
        rate_limit_rpm=st.integers(-1, 2),
    ),
    max_size=4,
)
OVERLAYS = st.builds(Overlay, st.integers(0, 9), MODELS.map(tuple), PROVIDERS.map(tuple), st.booleans())
BASE = document_alone()


def any_merged(overlay: Overlay) -> State:
    return merge(loaded(DOCUMENT), overlay, {}, Problems("o"), open_secret=open_secret, price_file=NO_PRICES)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OVERLAYS)
def test_no_overlay_changes_what_the_document_says(overlay: Overlay) -> None:
    state = any_merged(overlay)
    for before, after in ((BASE.groups, state.groups), (BASE.named, state.named)):
        for name, group in before.items():
            assert after[name].deployments[: len(group.deployments)] == group.deployments
            assert (after[name].learned, after[name].mode) == (group.learned, group.mode)
            assert {one.candidate for one in after[name].deployments} == {one.candidate for one in group.deployments}
            assert {one.mode for one in after[name].deployments} == {one.mode for one in group.deployments}
    assert state.named.keys() == BASE.named.keys()
    assert {name: state.provided[name] for name in BASE.provided} == dict(BASE.provided)
    assert not any(find_group(BASE, name) for name in state.provided.keys() - BASE.provided.keys())
    assert state.wildcards[: len(BASE.wildcards)] == BASE.wildcards
    assert state.providers[: len(BASE.providers)] == BASE.providers
    assert state.overrides == BASE.overrides
    assert state.routing.auto_models[: len(BASE.routing.auto_models)] == BASE.routing.auto_models
    assert state.warnings == BASE.warnings


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OVERLAYS, st.randoms(use_true_random=False))
def test_order_of_an_overlay_does_not_matter(overlay: Overlay, chance: Random) -> None:
    given_models, given_providers = list(overlay.models), list(overlay.providers)
    chance.shuffle(given_models)
    chance.shuffle(given_providers)
    other = replace(overlay, models=tuple(given_models), providers=tuple(given_providers))
    assert any_merged(other) == any_merged(overlay)
