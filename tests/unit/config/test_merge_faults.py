"""What of an overlay is left out, and that the rest is served."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routeiq.config.overlay import OverlayModel, OverlayProvider
from tests.support.overlays import EMPTY, SEALED, merged, model, provider


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


def test_an_address_of_our_own_services_is_left_out_whatever_is_allowed() -> None:
    environ = {"LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true", "ROUTEIQ_OUTBOUND_OWN_SERVICES": "rq-control:8130"}
    _, problems = merged(provider("own", base_url="http://rq-control.team.svc:8130/v1"), **environ)
    assert problems == ["overlay: providers.p-own.base_url: the URL leads to an address that must never be called"]
