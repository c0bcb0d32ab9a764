"""Where mcp-registry listens."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Prefix `ROUTEIQ_MCP_REGISTRY_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_MCP_REGISTRY_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8120, ge=0, le=65535)
    ops_port: int = Field(8121, ge=0, le=65535)
