"""Where mcp-registry listens, and who may call it."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.settings import Port


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_MCP_REGISTRY_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_MCP_REGISTRY_", frozen=True, extra="ignore")

    port: Port = 8120
    ops_port: Port = 8121
