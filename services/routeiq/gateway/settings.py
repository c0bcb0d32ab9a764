"""The gateway's settings: where it listens and whom it talks to. What it serves stands in the configuration document."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Prefix `ROUTEIQ_GATEWAY_`. The LITELLM_* names of the contract are read by the command line and passed in."""

    model_config = SettingsConfigDict(env_prefix="ROUTEIQ_GATEWAY_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(4000, ge=0, le=65535)
    ops_port: int = Field(4001, ge=0, le=65535)
    """Liveness, readiness and metrics (0: any free port)."""
    ops_host: str = "127.0.0.1"
    api_port: int = Field(0, ge=0, le=65535)
    """A further port for the same API, usually 8200 for `/api/v1` (0: none)."""
    master_key: SecretStr
    """No default: without a key nothing may be served."""
    routing_address: str
    """`host:port` of the routing service."""
    control_url: str = ""
    """`http://host:port` of control; empty: readiness does not wait for it."""
    identity_key: Path
    """PEM file of the Ed25519 private key that signs what this gateway says to other services."""
    wait_for_dependencies: bool = False
    """True: not ready before routing and control have served once."""
