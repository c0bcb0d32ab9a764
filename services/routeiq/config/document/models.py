"""`model_list`: one entry is one deployment; entries of one `model_name` share its requests (litellm.md, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from routeiq.config.document.names import Name
from routeiq.config.document.section import Section
from routeiq.config.nearest import nearest
from routeiq.config.problems import Location, Problems
from routeiq.config.words import words

Seconds = Annotated[float, Field(gt=0)]
Price = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(ge=0)]
MISSPELT = 0.85
"""Above it an unknown parameter is taken for a misspelt one: `api_keys` has .93 to `api_key`, `top_k` .8 to `top_p`."""

CREDENTIALS = words(
    """
    azure_ad_token tenant_id client_id client_secret azure_scope azure_username azure_password vertex_project
    vertex_location vertex_credentials aws_access_key_id aws_secret_access_key aws_session_token aws_region_name
    aws_session_name aws_profile_name aws_role_name aws_web_identity_token aws_sts_endpoint aws_external_id
    aws_bedrock_runtime_endpoint watsonx_region_name
    """
)
SENT_BY_US = words(
    """
    api_version azure_ad_token organization project extra_headers extra_body drop_params dimensions frequency_penalty
    logit_bias max_completion_tokens max_tokens n parallel_tool_calls presence_penalty reasoning_effort response_format
    seed service_tier stop temperature thinking top_k top_p user
    """
)
"""What of an entry's parameters has an effect where the gateway calls the provider itself."""
REQUEST_DEFAULTS = words(
    """
    temperature top_p top_k max_tokens max_completion_tokens n stop seed presence_penalty frequency_penalty logit_bias
    response_format reasoning_effort thinking service_tier parallel_tool_calls dimensions user extra_headers
    extra_body headers project input_type additional_drop_params modalities verbosity encoding_format tools
    tool_choice logprobs top_logprobs
    """
)


class LitellmParams(Section):
    """How to reach one deployment. Keys that are not listed go to the provider as they are."""

    model_config = ConfigDict(extra="allow")

    model: Name = Field(description="`provider/model`; without a provider it is OpenAI's.")
    custom_llm_provider: Name | None = Field(
        default=None, description="The provider, where `model` does not begin with it."
    )
    api_base: str | None = Field(
        default=None,
        description="The provider's address. May be private or loopback, but no metadata address or service of ours.",
    )
    base_url: str | None = Field(default=None, description="Another name of `api_base`.")
    api_key: str | None = Field(
        default=None,
        repr=False,
        description="The provider's key, best as `os.environ/NAME`. Default: its usual variable.",
    )
    litellm_credential_name: str | None = Field(
        default=None, description="An entry of `credential_list`; the parameters that stand here win over its values."
    )
    api_version: str | None = Field(default=None, description="Azure's API version.")
    organization: str | None = Field(default=None, description="OpenAI's organization header.")
    timeout: Seconds | None = Field(default=None, description="Seconds until the answer begins, and between two reads.")
    stream_timeout: Seconds | None = Field(default=None, description="The same for streams.")
    max_retries: int | None = Field(
        default=None,
        ge=0,
        description="Attempts after the first on this deployment, within `router_settings.num_retries` of the group.",
    )
    weight: Rate | None = Field(
        default=None, description="Share of the group's requests. Where one entry has it, entries without get none."
    )
    rpm: Rate | None = Field(
        default=None,
        description="Requests a minute. Weighs where no `weight` is given; past it the deployment comes last under the "
        "latency, cost and usage strategies.",
    )
    tpm: Rate | None = Field(
        default=None, description="Tokens a minute; as `rpm`, and weighs where neither `weight` nor `rpm` is given."
    )
    order: int | None = Field(
        default=None, description="Deployments of a lower order are tried before those of a higher one or of none."
    )
    max_parallel_requests: int | None = Field(
        default=None, gt=0, description="Requests at a time, per gateway. A full deployment is passed over."
    )
    cooldown_time: Rate | None = Field(
        default=None, description="Seconds; wins over `Retry-After` and `router_settings.cooldown_time`. 0: never."
    )
    drop_params: bool | None = Field(
        default=None,
        description="true: what a provider does not take is left out of a request, where the request is translated. "
        "Default: `litellm_settings.drop_params`.",
    )
    input_cost_per_token: Price | None = Field(
        default=None,
        description="USD a token. Default: LiteLLM's price file. Its other names of prices may stand here too.",
    )
    output_cost_per_token: Price | None = Field(default=None, description="USD a token. Default: LiteLLM's price file.")

    later: ClassVar[frozenset[str]] = words(
        """
        tags tag_regex mock_response region_name
        itpm otpm num_retries max_budget budget_duration keepalive_seconds use_in_pass_through timeout_by_service_tier
        stream_timeout_by_service_tier default_api_key_tpm_limit default_api_key_rpm_limit max_file_size_mb
        configurable_clientside_auth_params merge_reasoning_content_in_choices auto_router_config_path
        auto_router_config auto_router_default_model auto_router_embedding_model complexity_router_config
        complexity_router_default_model
        """
    )
    notes: ClassVar[Mapping[str, str]] = {
        "rpm": "orders the deployments of its group; it is no limit yet",
        "tpm": "orders the deployments of its group; it is no limit yet",
    }

    @classmethod
    def _warn_of(cls, name: str, at: Location, problems: Problems) -> None:
        """An unlisted key is a provider's business, unless it looks like a listed one gone wrong."""
        provider_key = name not in cls.known() and (name in CREDENTIALS | REQUEST_DEFAULTS or "cost" in name)
        if provider_key:
            return
        if name in cls.known():
            super()._warn_of(name, at, problems)
        elif meant := nearest(name, cls.known() | CREDENTIALS | REQUEST_DEFAULTS, cutoff=MISSPELT):
            problems.warning(at, f"unknown key goes to the provider as it is; did you mean {meant}?")


class RouteIQModelInfo(Section):
    """What learned routing should believe of a model that its artifact has not seen, and how the gateway calls it."""

    like: Name | None = Field(default=None, description="The candidate of the artifact that this model behaves like.")
    quality_offset: float = Field(
        default=0.0, ge=-1, le=1, description="Added to the predicted quality, which lies in 0..1."
    )
    http_client: Literal["pool", "aiohttp"] = Field(
        default="pool", description="Our own HTTP client, or aiohttp, which serves behind a proxy anyway."
    )


class ModelInfo(Section):
    """What a deployment is. Capabilities default to LiteLLM's price file; unknown ones pass every filter."""

    model_config = ConfigDict(extra="allow")

    id: Name | None = Field(default=None, description="The deployment's id. Default: a hash of its parameters.")
    mode: str | None = Field(default=None, description="chat, embedding, ... Default: the price file's, else chat.")
    base_model: Name | None = Field(
        default=None, description="The model behind a deployment name of one's own, for prices and capabilities."
    )
    max_input_tokens: int | None = Field(default=None, gt=0, description="The context window.")
    max_tokens: int | None = Field(
        default=None, gt=0, description="LiteLLM's older name; read where `max_input_tokens` is missing."
    )
    supports_function_calling: bool | None = Field(default=None, description="false: requests with tools go elsewhere.")
    supports_vision: bool | None = Field(default=None, description="false: requests with images go elsewhere.")
    input_cost_per_token: Price | None = Field(default=None, description="As in `litellm_params`, which wins.")
    output_cost_per_token: Price | None = Field(default=None, description="As in `litellm_params`, which wins.")
    access_groups: tuple[str, ...] = Field(
        default=(), description="Names that stand for this model in what a key, a team or a user may call."
    )
    routeiq: RouteIQModelInfo = Field(default_factory=RouteIQModelInfo, description="Our own part of it.")

    later: ClassVar[frozenset[str]] = words(
        """
        team_id team_public_model_name tier health_check_model health_check_timeout health_check_params
        disable_background_health_check member_auto_router blocked discoverable access_windows ptu_count
        cost_per_ptu_per_hour db_model created_at created_by updated_at updated_by
        """
    )
    described: ClassVar[frozenset[str]] = words(
        """
        description max_output_tokens litellm_provider key input_cost_per_second output_vector_size
        """
    )

    @classmethod
    def _warn_of(cls, name: str, at: Location, problems: Problems) -> None:
        """LiteLLM lets people describe models freely: capabilities and prices of any name pass."""
        free = name.startswith("supports_") or "cost" in name or name in cls.described
        if name in cls.known() or not free:
            super()._warn_of(name, at, problems)


class ModelEntry(Section):
    """One deployment."""

    model_name: Name = Field(description="The public name that clients send; repeated names form one group.")
    litellm_params: LitellmParams = Field(description="How to reach it.")
    model_info: ModelInfo = Field(default_factory=ModelInfo, description="What it is.")
