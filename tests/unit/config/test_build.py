"""The state as a whole: its version, the settings of every section, the encoder and the artifact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from routeiq.config.build import build
from routeiq.config.bundle import Bundle
from routeiq.config.start import start_with_bundle
from tests.support.config_documents import NO_PRICES, built, entry, loaded, models, only, refused


def test_repeated_entry_is_left_out_with_a_warning() -> None:
    state = built(models(entry(), entry()))
    assert only(state).model == "x"
    assert "f.yaml:3: model_list[1]: warning: repeats an earlier entry in everything and is left out" in state.warnings


def test_version_is_that_of_the_document_whatever_its_form_and_environment() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: os.environ/K}}]"
    one = built(text, {"K": "a"})
    same = built(
        "# c\nmodel_list:\n- litellm_params: {api_key: os.environ/K, model: openai/x}\n  model_name: m", {"K": "b"}
    )
    other = built(text.replace("openai/x", "openai/y"), {"K": "a"})
    assert one.version == same.version != other.version
    assert one.version.startswith("c")
    assert one.version.endswith(".s0")
    assert len(one.version) == 16


def test_encoder_is_offered_unless_switched_off_or_taken() -> None:
    assert only(built(models(entry())), "all-MiniLM-L6-v2").provider == "routeiq"
    assert list(built(models(entry()) + "routeiq: {embeddings: false}").groups) == ["m"]
    assert only(built(models(entry("all-MiniLM-L6-v2"))), "all-MiniLM-L6-v2").provider == "simulated"


def test_settings_of_the_document_stand_in_the_state() -> None:
    state = built(
        """
        model_list: []
        router_settings: {num_retries: 0}
        litellm_settings: {num_retries: 7, request_timeout: 30}
        general_settings: {master_key: sk-a-long-random-key}
        routeiq: {body_limit_mb: 0.5}
        """
    )
    assert (state.routing.num_retries, state.routing.timeout_s, state.body_limit_bytes) == (0, 30, 524288)
    assert state.master_key == "sk-a-long-random-key"
    assert "sk-a-long" not in repr(state)


def test_defaults_of_the_state() -> None:
    state = built("model_list: []")
    assert (state.routing.num_retries, state.routing.timeout_s, state.body_limit_bytes) == (2, 600, 10 * 1024 * 1024)
    assert state.routing.auto_models == ()
    assert state.routing.artifact_dir is None


def test_artifact_is_relative_to_the_document(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    one = replace(
        loaded(
            "model_list: []\nrouteiq: {artifact: art}\n"
            "router_settings: {routing_strategy_args: {model_path: /elsewhere}}"
        ),
        folder=tmp_path,
    )
    state = build(one, {}, price_file=NO_PRICES)
    assert state.routing.artifact_dir == str(tmp_path / "art")
    assert any("is not used, because routeiq.artifact is given" in line for line in state.warnings)


def test_artifact_of_our_own_key_must_be_here() -> None:
    assert refused("model_list: []\nrouteiq: {artifact: /nonexistent/artifact}") == [
        "f.yaml:2: routeiq.artifact: is not a directory on this machine"
    ]


@pytest.mark.parametrize("name", ["0123456789abcdef" * 4, "s3://models/router/v2.tar", "gs://my.models/v2.tar"])
def test_artifact_may_be_an_id_or_a_url(name: str) -> None:
    routing = built(f"model_list: []\nrouteiq: {{artifact: '{name}'}}").routing
    assert (routing.artifact, routing.artifact_dir) == (name, None)


@pytest.mark.parametrize(
    "url", ["http://x/y.tar", "s3://bucket", "s3://bucket/", "s3://u:secret@b/k", "gs://b/k?token=secret", "S3://b/k"]
)
def test_artifact_is_no_other_url(url: str) -> None:
    (problem,) = refused(f"model_list: []\nrouteiq: {{artifact: '{url}'}}")
    assert problem.startswith("f.yaml:2: routeiq.artifact: must be a directory, the id of an artifact")
    assert "secret" not in problem


@pytest.mark.parametrize(
    "section", ["routeiq: {artifact: art}", "router_settings: {routing_strategy_args: {model_path: art}}"]
)
def test_artifact_of_a_document_that_was_sent_is_not_looked_for(section: str) -> None:
    state = start_with_bundle(Bundle("c", {"c": f"{models(entry())}\n{section}"}), {}).state
    assert (state.routing.artifact_dir, state.warnings) == ("art", ())


def test_artifact_of_litellms_key_that_is_not_here_is_a_warning() -> None:
    state = built("model_list: []\nrouter_settings: {routing_strategy_args: {model_path: /nonexistent/artifact}}")
    assert state.routing.artifact_dir == "/nonexistent/artifact"
    assert any(line.endswith("model_path: warning: is not a directory on this machine") for line in state.warnings)
