"""Where config-sync listens, who may call it, and whom it asks. What it reads: `sources`; who leads: `ha`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from routeiq.kit.internal import InternalSettings
from routeiq.kit.settings import Port


class Settings(InternalSettings):
    """Prefix `ROUTEIQ_CONFIG_SYNC_`, but for what has one value for the whole suite."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTEIQ_CONFIG_SYNC_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    port: Port = 8140
    ops_port: Port = 8141
    nats_url: Annotated[SecretStr, Field(validation_alias="ROUTEIQ_NATS_URL")] = SecretStr("")
    """`nats://token@host:port`, several with commas between; empty: nothing rolls out, and the status says so."""
    identity_key: Path | None = None
    """PEM file of the Ed25519 private key that signs what is asked of routing; None: routing is not asked."""
    routing_address: str = ""
    """`host:port` of its gRPC, or several with commas between; empty: artifacts are judged by who is to serve them."""
