"""The bodies and answers of `/api/v1/providers` and `/api/v1/health`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from routeiq.config.document.providers import ProviderName
from routeiq.config.references import PREFIX as REFERENCE
from routeiq.control.fields import Body, Name

Limit = Annotated[int, Field(ge=0, le=2**53)]
Priority = Annotated[int, Field(ge=-(2**53), le=2**53)]
Models = Annotated[list[Name], Field(max_length=1000)]
BaseURL = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
DisplayName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _one_line(key: str) -> str:
    if not key.isprintable() or not key.isascii() or " " in key:
        raise ValueError("a key has no spaces, and no characters that no header has")
    if key.startswith(REFERENCE):
        raise ValueError(f"{REFERENCE} is for the configuration document; the API takes the key itself")
    return key


APIKey = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_one_line)]


class NewProvider(Body):
    name: ProviderName
    display_name: DisplayName
    api_key: APIKey = Field(repr=False)
    base_url: BaseURL | None = None
    models: Models
    is_enabled: bool = True
    rate_limit_rpm: Limit = 60
    rate_limit_tpm: Limit = 100_000
    priority: Priority = 10


class ChangedProvider(Body):
    """What is omitted is kept; `base_url` alone can be cleared."""

    name: ProviderName = Field(default_factory=str)
    display_name: DisplayName = Field(default_factory=str)
    api_key: APIKey = Field(default_factory=str, repr=False)
    base_url: BaseURL | None = None
    models: Models = Field(default_factory=list)
    is_enabled: bool = Field(default_factory=bool)
    rate_limit_rpm: Limit = Field(default_factory=int)
    rate_limit_tpm: Limit = Field(default_factory=int)
    priority: Priority = Field(default_factory=int)


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProviderShown(Answer):
    """It never has the key."""

    id: str
    name: str
    display_name: str
    base_url: str | None
    models: list[str]
    is_enabled: bool
    rate_limit_rpm: int
    rate_limit_tpm: int
    priority: int
    created_at: datetime
    updated_at: datetime


class Tested(Answer):
    success: bool
    error: str | None


class Health(Answer):
    status: Literal["healthy", "degraded"]
    service: Literal["llm-gateway"] = "llm-gateway"
    database: Literal["connected", "disconnected"]


class ProviderHealth(Answer):
    name: str
    display_name: str
    is_enabled: bool
    models_count: int


class ProvidersHealth(Answer):
    providers: list[ProviderHealth]
