"""Where control listens, who may call it, and what it works with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.outbound.stores import places
from routeiq.kit.settings import Port

DATABASE_URL = ("ROUTEIQ_CONTROL_DATABASE_URL", "DATABASE_URL")
ENCRYPTION_KEY = "ROUTEIQ_ENCRYPTION_KEY"
MIGRATE = "ROUTEIQ_CONTROL_MIGRATE"


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_CONTROL_`, but for what has one value for the whole suite."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTEIQ_CONTROL_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    port: Port = 8130
    ops_port: Port = 8131
    rpc_port: Port = 50052
    """gRPC: what gateways ask."""
    database_url: Annotated[SecretStr | None, Field(validation_alias=AliasChoices(*DATABASE_URL))] = None
    """Of PostgreSQL, or of a SQLite file."""
    encryption_key: Annotated[SecretStr | None, Field(validation_alias=ENCRYPTION_KEY)] = None
    """Master keys that provider keys are sealed with, as `kit.crypto.master_keys` reads them."""
    nats_url: Annotated[SecretStr, Field(validation_alias="ROUTEIQ_NATS_URL")] = SecretStr("")
    """`nats://token@host:port`, several with commas between; empty: gateways see changes when they ask."""
    config_from: Literal["own", "fleet"] = "own"
    """Which document it begins with: its `own`, or the `fleet`'s, else its own if that builds, else none. In both cases
    it follows what config-sync says over NATS."""
    migrate: bool = False
    """Bring the schema to this release's at the start. In a cluster a job does, once: `routeiq migrate`."""
    pod_name: Annotated[str, Field(validation_alias="POD_NAME")] = ""
    """How it is called in the fleet's roster; empty: by its host and process."""
    usage_retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """How long the ledger keeps each request; 0: for ever; None: as the document says, else for ever."""

    def nats_addresses(self) -> list[str]:
        """`host:port` of each."""
        return places(self.nats_url.get_secret_value())
