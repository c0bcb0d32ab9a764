"""The bodies and answers of `/model/*`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from routeiq.control.fields import Body, Name

JSON = dict[str, Any]


class Params(Body):
    """LiteLLM's `litellm_params`, of which each provider has its own."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    model: Name

    def sent(self) -> JSON:
        return self.model_dump(exclude_unset=True)


class ChangedParams(Body):
    """Some of them."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    def sent(self) -> JSON:
        return self.model_dump(exclude_unset=True)


class Info(Body):
    """LiteLLM's `model_info`, which its users extend."""

    model_config = ConfigDict(extra="allow")

    id: Name | None = None
    team_id: str | None = None

    def sent(self) -> JSON:
        """What describes the model; the rest is this service's to say."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if name not in OWN_INFO}


OWN_INFO = frozenset(
    {"id", "db_model", "created_at", "created_by", "updated_at", "updated_by", "key", "litellm_provider", "blocked"}
)
"""Of an answer's `model_info`; clients send it back."""


class NewModel(Body):
    model_config = ConfigDict(protected_namespaces=())

    model_name: Name
    litellm_params: Params
    model_info: Info = Field(default_factory=Info)


class ChangedModel(Body):
    model_config = ConfigDict(protected_namespaces=())

    model_name: Name | None = None
    litellm_params: ChangedParams | None = None
    model_info: Info | None = None
    blocked: bool | None = None


class ModelId(Body):
    id: Name


class BlockModel(Body):
    model_config = ConfigDict(protected_namespaces=())

    model_id: Name


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class ModelRow(Answer):
    """A stored model. Its secrets are left out."""

    model_id: str
    model_name: str
    litellm_params: JSON
    model_info: JSON
    blocked: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class Deleted(Answer):
    message: str


class Refusal(Answer):
    message: str
    type: str
    param: str | None
    code: str


class RefusedAnswer(Answer):
    error: Refusal


class DetailAnswer(Answer):
    detail: str | dict[str, str]


class ShownModel(Answer):
    model_name: str
    litellm_params: JSON
    model_info: JSON


class ShownModels(Answer):
    data: list[ShownModel]


class ModelPage(ShownModels):
    total_count: int
    current_page: int
    total_pages: int
    size: int


class ModelGroup(Answer):
    model_group: str
    providers: list[str]
    max_input_tokens: float | None
    max_output_tokens: float | None
    input_cost_per_token: float | None
    output_cost_per_token: float | None
    mode: str | None
    tpm: float | None
    rpm: float | None
    supports_function_calling: bool
    supports_parallel_function_calling: bool
    supports_vision: bool
    supports_web_search: bool
    supports_reasoning: bool
    supported_openai_params: list[str]


class ModelGroups(Answer):
    data: list[ModelGroup]
