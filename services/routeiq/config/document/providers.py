"""`routeiq.providers` and `routeiq.overrides`: the LLM Gateway API's records, declared (contract, section 4)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from routeiq.config.document.names import Name
from routeiq.config.document.section import Section


def _one_word(text: str) -> str:
    """It stands before a slash, where a model's group is called `<provider>/<model>`."""
    if "/" in text or " " in text:
        raise ValueError("must have no slash and no space")
    return text


ProviderName = Annotated[Name, Field(max_length=100), AfterValidator(_one_word)]
Limit = Annotated[int, Field(ge=0, le=2**53)]


class Provider(Section):
    """A provider of the LLM Gateway API."""

    name: ProviderName = Field(description="A known provider's, such as anthropic; any other one speaks OpenAI's API.")
    display_name: str | None = Field(default=None, min_length=1, description="For people. Default: the name.")
    api_key: str | None = Field(
        default=None, repr=False, description="Its key, best as `os.environ/NAME`. Default: its usual variable."
    )
    base_url: str | None = Field(
        default=None, min_length=1, description="Its address; needed where the name is not a known provider's."
    )
    models: tuple[Name, ...] = Field(description="What it calls its models, the default one first.")
    is_enabled: bool = Field(default=True, description="false: it is kept and not used.")
    rate_limit_rpm: Limit = Field(default=60, description="Requests a minute, of all gateways together.")
    rate_limit_tpm: Limit = Field(default=100_000, description="Tokens a minute, of all gateways together.")
    priority: int = Field(default=10, description="The highest is asked first; equal ones by name.")


class Override(Section):
    """Which model serves a customer, whatever routing would say."""

    user_id: str = Field(min_length=1, description="The customer.")
    service_name: str | None = Field(
        default=None, min_length=1, description="The service that asks; without it, every."
    )
    provider_name: str = Field(min_length=1, description="One of `routeiq.providers`.")
    model_name: str = Field(min_length=1, description="One of its `models`.")
