"""`credential_list`: parameters with a name, which entries of `model_list` use by `litellm_credential_name`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field, JsonValue

from routeiq.config.document.section import Section
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Problems
from routeiq.config.scalars import JSONObject, JSONValue

NAME = "litellm_credential_name"


class NamedCredential(Section):
    """Parameters that several entries share."""

    credential_name: str = Field(min_length=1, description="What `litellm_credential_name` says.")
    credential_values: dict[str, JsonValue] = Field(
        default_factory=dict, repr=False, description="Keys of `litellm_params`, such as `api_key` and `api_base`."
    )
    credential_info: dict[str, JsonValue] = Field(default_factory=dict, description="For people.")


def with_credentials(models: JSONValue, credentials: Mapping[str, JSONObject], problems: Problems) -> JSONValue:
    """`model_list` with the values that its entries name put in. An unknown name is an error."""
    return list(_filled(models, credentials, problems)) if isinstance(models, list) else models


def _filled(models: list[JSONValue], credentials: Mapping[str, JSONObject], problems: Problems) -> Iterator[JSONValue]:
    for position, entry in enumerate(models):
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        name = params.get(NAME) if isinstance(params, dict) else None
        if not isinstance(entry, dict) or not isinstance(params, dict) or not isinstance(name, str):
            yield entry
            continue
        if name not in credentials:
            at = ("model_list", position, "litellm_params", NAME)
            problems.error(at, f"there is no such credential{did_you_mean(name, credentials)}")
        yield {**entry, "litellm_params": {**credentials.get(name, {}), **params}}
