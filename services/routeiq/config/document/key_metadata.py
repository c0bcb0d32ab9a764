"""`default_key_generate_params.metadata`: anything, but for the fields that LiteLLM keeps in a key's metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from routeiq.config.document.names import Name
from routeiq.kit.storable import check_storable

Rate = Annotated[int, Field(ge=0, le=2**53)]
Rates = dict[str, Rate] | None
Texts = list[str] | None
Sharing = Literal["guaranteed_throughput", "best_effort_throughput", "dynamic"]


class KeyMetadata(BaseModel):
    """What `/key/generate` takes of them, and no more: a default that is refused would refuse every key."""

    model_config = ConfigDict(frozen=True, extra="allow", coerce_numbers_to_str=True, allow_inf_nan=False)

    model_rpm_limit: Rates = None
    model_tpm_limit: Rates = None
    mcp_rpm_limit: Rates = None
    tag_rpm_limit: Rates = None
    rpm_limit_type: Sharing | None = None
    tpm_limit_type: Sharing | None = None
    default_estimated_output_tokens: Rate | None = None
    default_estimated_output_tokens_per_model: Rates = None
    enforced_params: Texts = None
    guardrails: Texts = None
    policies: Texts = None
    prompts: Texts = None
    tags: Texts = None
    denied_passthrough_routes: Texts = None
    allowed_passthrough_routes: list[JsonValue] | None = None
    allowed_vector_store_indexes: list[dict[str, JsonValue]] | None = None
    temp_budget_increase: Annotated[float, Field(ge=0)] | None = None
    temp_budget_expiry: datetime | None = None
    end_user_budget_id: Annotated[Name, Field(max_length=256)] | None = None
    throttle_on_budget_exceeded: bool | None = None
    enable_prompt_caching: bool | None = None
    disable_global_guardrails: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, said: Any) -> Any:
        return check_storable(said)

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.temp_budget_increase is None) != (self.temp_budget_expiry is None):
            raise ValueError("temp_budget_increase and temp_budget_expiry must be set together")
        return self
