"""`routeiq.providers` and `routeiq.overrides`: records of the LLM Gateway API in a document."""

from __future__ import annotations

import pytest

from routeiq.config.state import OverrideEntry, ProviderEntry, State
from tests.support.config_documents import built, errors, warnings

PROVIDERS = """
model_list: []
routeiq:
  providers:
    - name: anthropic
      display_name: Anthropic
      api_key: os.environ/K
      models: [claude-x, claude-y, claude-x]
      priority: 20
    - {name: own, base_url: "http://10.0.0.1/v1", api_key: k2, models: [llama/x], is_enabled: false, rate_limit_rpm: 5}
  overrides:
    - {user_id: u1, provider_name: anthropic, model_name: claude-y}
    - {user_id: u1, service_name: s, provider_name: own, model_name: llama/x}
"""


def entries(state: State) -> dict[str, ProviderEntry]:
    return {one.name: one for one in state.providers}


def test_known_name_is_its_kind_and_another_one_speaks_openai() -> None:
    found = entries(built(PROVIDERS, {"K": "k1"}))
    first, own = found["anthropic"].models[0], found["own"].models[0]
    assert (first.provider, first.model, first.group, first.api_key) == (
        "anthropic", "claude-x", "anthropic/claude-x", "k1",
    )  # fmt: skip
    assert (own.provider, own.model, own.group, own.api_base) == (
        "openai_like", "llama/x", "own/llama/x", "http://10.0.0.1/v1",
    )  # fmt: skip
    assert [one.model for one in found["anthropic"].models] == ["claude-x", "claude-y"]


def test_records_have_the_defaults_of_the_api() -> None:
    found = entries(built(PROVIDERS, {"K": "k1"}))
    one, own = found["anthropic"], found["own"]
    assert (one.display_name, one.is_enabled, one.rate_limit_rpm, one.rate_limit_tpm, one.priority) == (
        "Anthropic", True, 60, 100_000, 20,
    )  # fmt: skip
    assert (own.display_name, own.is_enabled, own.rate_limit_rpm, own.priority) == ("own", False, 5, 10)


def test_overrides_stand_in_the_state() -> None:
    state = built(PROVIDERS, {"K": "k1"})
    assert state.overrides == (
        OverrideEntry("u1", None, "anthropic", "claude-y"),
        OverrideEntry("u1", "s", "own", "llama/x"),
    )
    assert state.has_overrides
    assert not built("model_list: []").has_overrides


def test_only_enabled_providers_have_live_deployments() -> None:
    state = built(PROVIDERS, {"K": "k1"})
    assert [one.group for group in state.entries() for one in group.deployments] == [
        "all-MiniLM-L6-v2", "anthropic/claude-x", "anthropic/claude-y",
    ]  # fmt: skip
    assert list(state.groups) == ["all-MiniLM-L6-v2"]


def test_key_of_the_environment_serves_at_the_providers_own_address_alone() -> None:
    text = "model_list: []\nrouteiq: {providers: [{name: openai, models: [m], %s}]}"
    environ = {"OPENAI_API_KEY": "k"}
    assert built(text % "priority: 1", environ).providers[0].models[0].api_key == "k"
    assert built(text % "base_url: https://x.example", environ).providers[0].models[0].api_key is None


def test_provider_without_a_key_is_a_warning() -> None:
    text = "model_list: []\nrouteiq: {providers: [{name: openai, models: [m]}]}"
    assert any("routeiq.providers[0]: warning: has no api_key, and OPENAI" in line for line in built(text).warnings)


def test_secret_stands_in_no_repr() -> None:
    assert "s3cret" not in repr(built(PROVIDERS, {"K": "s3cret"}))


@pytest.mark.parametrize(
    ("providers", "overrides", "message"),
    [
        ("{name: own, models: [m]}", "", "routeiq.providers[0]: needs a base_url, because its name is not a known"),
        (
            "{name: a/b, models: [m], base_url: http://x}",
            "",
            "routeiq.providers[0].name: must have no slash",
        ),
        ("{name: openai}", "", "routeiq.providers[0].models: is required"),
        ("{name: openai, models: [m], rate_limit_rpm: -1}", "", "routeiq.providers[0].rate_limit_rpm: must be greater"),
        (
            "{name: openai, models: [m], base_url: http://169.254.169.254}",
            "",
            "routeiq.providers[0].base_url: the URL leads to an address",
        ),
        (
            "{name: openai, models: [m]}, {name: openai, models: [m]}",
            "",
            "routeiq.providers[1].name: is also the name of routeiq.providers[0]",
        ),
        (
            "{name: openai, models: [m]}",
            "{user_id: u, provider_name: opnai, model_name: m}",
            "routeiq.overrides[0].provider_name: there is no such provider; did you mean openai?",
        ),
        (
            "{name: openai, models: [model]}",
            "{user_id: u, provider_name: openai, model_name: modle}",
            "routeiq.overrides[0].model_name: is not one of the provider's models; did you mean model?",
        ),
        (
            "{name: openai, models: [m]}",
            "{user_id: u, provider_name: openai, model_name: m}, {user_id: u, provider_name: openai, model_name: m}",
            "routeiq.overrides[1]: is for the same customer and service as routeiq.overrides[0]",
        ),
        (
            "{name: openai, models: [m]}",
            "{provider_name: openai, model_name: m}",
            "routeiq.overrides[0].user_id: is",
        ),
    ],
)
def test_faulty_record(providers: str, overrides: str, message: str) -> None:
    (found,) = errors(f"model_list: []\nrouteiq:\n  providers: [{providers}]\n  overrides: [{overrides}]\n")
    assert found.partition(": ")[2].startswith(message), found


def test_misspelt_key_of_a_provider_is_a_warning() -> None:
    text = "model_list: []\nrouteiq: {providers: [{name: openai, models: [m], prority: 1}]}"
    assert any(
        "routeiq.providers[0].prority: warning: unknown key; did you mean priority?" in w for w in warnings(text)
    )
