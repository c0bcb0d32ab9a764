"""Where config-sync listens."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.settings import Port


class Settings(BaseSettings):
    """Prefix `ROUTEIQ_CONFIG_SYNC_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_CONFIG_SYNC_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: Port = 8140
    ops_port: Port = 8141
