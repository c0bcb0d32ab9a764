"""Where control listens, and who may call it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.settings import Port

DATABASE_URL = ("ROUTEIQ_CONTROL_DATABASE_URL", "DATABASE_URL")
ENCRYPTION_KEY = "ROUTEIQ_ENCRYPTION_KEY"


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_CONTROL_`."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_CONTROL_", frozen=True, extra="ignore", populate_by_name=True)

    port: Port = 8130
    ops_port: Port = 8131
    database_url: Annotated[SecretStr | None, Field(validation_alias=AliasChoices(*DATABASE_URL))] = None
    """Of PostgreSQL, or of a SQLite file."""
    encryption_key: Annotated[SecretStr | None, Field(validation_alias=ENCRYPTION_KEY)] = None
    """Master keys that provider keys are sealed with, as `kit.crypto.master_keys` reads them."""
