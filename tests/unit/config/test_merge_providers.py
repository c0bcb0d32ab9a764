"""Providers of the LLM Gateway API that were added, and overrides."""

from __future__ import annotations

from routeiq.config.merge import merge
from routeiq.config.names import find_group
from routeiq.config.overlay import Overlay
from routeiq.config.problems import Problems
from routeiq.config.quota import Quota
from routeiq.kit.outbound import Origin
from tests.support.config_documents import NO_PRICES, entry, loaded, models
from tests.support.overlays import EMPTY, merged, model, open_secret, provider


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
