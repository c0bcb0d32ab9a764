"""Whatever an overlay holds: the document wins, and order does not matter."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.config.merge import merge
from routeiq.config.names import find_group
from routeiq.config.overlay import Overlay, OverlayModel, OverlayProvider
from routeiq.config.problems import Problems
from routeiq.config.state import State
from tests.support.config_documents import NO_PRICES, loaded
from tests.support.overlays import DOCUMENT, SEALED, document_alone, open_secret

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
