"""Where mcp-registry listens."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.settings import Port


class Settings(BaseSettings):
    """Prefix `ROUTEIQ_MCP_REGISTRY_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_MCP_REGISTRY_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Port = 8120
    ops_port: Port = 8121
