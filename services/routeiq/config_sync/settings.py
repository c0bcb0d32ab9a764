"""Where config-sync listens."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Prefix `ROUTEIQ_CONFIG_SYNC_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_CONFIG_SYNC_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8140, ge=0, le=65535)
    ops_port: int = Field(8141, ge=0, le=65535)
