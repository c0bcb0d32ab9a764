"""Where control listens, and who may call it."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.settings import Port


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_CONTROL_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_CONTROL_", frozen=True, extra="ignore")

    port: Port = 8130
    ops_port: Port = 8131
