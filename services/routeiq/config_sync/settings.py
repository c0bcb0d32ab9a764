"""Where config-sync listens, and who may call it."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.settings import Port


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_CONFIG_SYNC_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_CONFIG_SYNC_", frozen=True, extra="ignore")

    port: Port = 8140
    ops_port: Port = 8141
