"""Which services the embedded suite is made of and where each listens.

Only the gateway's port is fixed. The others take free loopback ports unless their settings name one
(`ROUTEIQ_CONTROL_PORT` and so on).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from routeiq.a2a_registry import app as a2a_registry
from routeiq.a2a_registry.settings import Settings as A2ASettings
from routeiq.config.state import State
from routeiq.config_sync import app as config_sync
from routeiq.config_sync.settings import Settings as ConfigSyncSettings
from routeiq.control import app as control
from routeiq.control.settings import Settings as ControlSettings
from routeiq.embedded.data_dir import DataDir
from routeiq.gateway.settings import Settings as GatewaySettings
from routeiq.kit.db import sqlite_address
from routeiq.kit.internal import InternalSettings
from routeiq.kit.service import Service
from routeiq.mcp_registry import app as mcp_registry
from routeiq.mcp_registry.settings import Settings as MCPSettings
from routeiq.routing.app import RoutingService
from routeiq.routing.settings import Settings as RoutingSettings

Configured = TypeVar("Configured", bound=BaseSettings)
Internal = TypeVar("Internal", bound=InternalSettings)


@dataclass(frozen=True, slots=True)
class Options:
    """What `routeiq up` was told."""

    data_dir: Path
    host: str
    port: int
    artifact: Path | None = None


def control_settings(data: DataDir) -> ControlSettings:
    """Its database and its key are in the data directory where the environment names none."""
    settings = _internal(ControlSettings(), data)
    own = {
        "database_url": settings.database_url or SecretStr(sqlite_address(data.control_database)),
        "encryption_key": settings.encryption_key or SecretStr(data.keep_encryption_key()),
    }
    return settings.model_copy(update=own)


def control_service(settings: ControlSettings) -> Service:
    """Readiness waits for it, so it starts beside the gateway. Its database is migrated."""
    return control.create_service(settings)


def late_services(data: DataDir) -> list[Service]:
    """What starts after the gateway answers."""
    return [
        a2a_registry.create_service(_internal(A2ASettings(), data)),
        mcp_registry.create_service(_internal(MCPSettings(), data)),
        config_sync.create_service(_internal(ConfigSyncSettings(), data)),
    ]


def routing_service(data: DataDir, options: Options, state: State) -> RoutingService:
    """The artifact: `--artifact`, else the document's, else the shipped one. The operator's own may be unsigned."""
    chosen = options.artifact or (Path(state.routing.artifact_dir) if state.routing.artifact_dir else None)
    own = {"artifact_dir": chosen.absolute(), "allow_unsigned": True} if chosen else {}
    settings = _free(RoutingSettings.read()).model_copy(update={"identity_public_keys": (data.identity_public,), **own})
    return RoutingService(settings)


def gateway_settings(
    data: DataDir, options: Options, master_key: str, *, routing: str, control: Service
) -> GatewaySettings:
    """The gateway of this suite: it is ready when routing and control have served."""
    settings = GatewaySettings(
        host=options.host,
        port=options.port,
        master_key=SecretStr(master_key),
        routing_address=routing,
        control_url=control.url,
        control_ops_url=control.ops_url,
        identity_key=data.identity_key,
        wait_for_dependencies=True,
    )
    return _free(settings)


def _internal(settings: Internal, data: DataDir) -> Internal:
    """The same settings for this suite, whose services sign with one key."""
    return _free(settings).model_copy(update={"identity_public_keys": (data.identity_public,)})


def _free(settings: Configured) -> Configured:
    """The same settings with port 0 for every port that nobody named."""
    unset = {"port", "ops_port"} & type(settings).model_fields.keys() - settings.model_fields_set
    return settings.model_copy(update=dict.fromkeys(unset, 0))
