"""Which services the embedded suite is made of and where each listens.

Only the gateway's port is fixed. The others take free loopback ports unless their settings name one
(`ROUTEIQ_CONTROL_PORT` and so on).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from routeiq.a2a_registry import app as a2a_registry
from routeiq.a2a_registry.settings import Settings as A2ASettings
from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.config_sync import app as config_sync
from routeiq.config_sync.settings import Settings as ConfigSyncSettings
from routeiq.control import app as control
from routeiq.control.app import ControlService
from routeiq.control.settings import DATABASE_URL
from routeiq.control.settings import Settings as ControlSettings
from routeiq.embedded.data_dir import DataDir
from routeiq.gateway.settings import Settings as GatewaySettings
from routeiq.gateway.settings import contract_settings
from routeiq.kit.internal import InternalSettings
from routeiq.kit.outbound import OutboundPolicy
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
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the start, with `.env`: the older names of settings are looked for there."""


def control_settings(data: DataDir, options: Options, nats_url: str) -> ControlSettings:
    """Its database and its key are in the data directory where the environment names none for control. `DATABASE_URL`
    is anybody's word: what it names is another's. And another's is not migrated unless the settings say so."""
    settings = _internal(ControlSettings(), data)
    named = options.environ.get(DATABASE_URL[0])
    own = {
        "database_url": SecretStr(named or f"sqlite:///{quote(str(data.control_database))}"),
        "nats_url": SecretStr(nats_url),
        "migrate": settings.migrate or not named,
        "encryption_key": settings.encryption_key or SecretStr(data.keep_encryption_key()),
    }
    return settings.model_copy(update=own)


def database_notes(environ: Mapping[str, str]) -> list[str]:
    """What its user should know of the database, without secrets: nothing of the suite's own."""
    ours, anybodys = DATABASE_URL
    if environ.get(ours):
        return [f"database: {_shown(environ[ours])} ({ours})"]
    if environ.get(anybodys):
        return [f"warning: {anybodys} is not used here, the database is in the data directory; {ours} names another"]
    return []


def _shown(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def control_service(settings: ControlSettings, start: Start, policy: OutboundPolicy) -> ControlService:
    """Readiness waits for it. Args: policy: with the suite's other services."""
    return control.create_service(settings, start, policy)


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
    data: DataDir,
    options: Options,
    master_key: str,
    *,
    routing: str,
    control: ControlService,
    governing: ControlSettings,
) -> GatewaySettings:
    """The gateway of this suite: it is ready when routing and control have served."""
    older: dict[str, Any] = dict(contract_settings(options.environ))
    settings = GatewaySettings(
        **older,
        host=options.host,
        port=options.port,
        master_key=SecretStr(master_key),
        routing_address=routing,
        control_url=control.url,
        control_ops_url=control.ops_url,
        control_address=control.rpc_address,
        state_dir=data.path / "gateway",
        identity_key=data.identity_key,
        wait_for_dependencies=True,
    )
    given = {
        "nats_url": governing.nats_url,
        "encryption_key": governing.encryption_key,
        "service_keys": settings.service_keys if settings.service_keys else SecretStr(data.keep_service_key()),
    }
    return _free(settings).model_copy(update=given)


def _internal(settings: Internal, data: DataDir) -> Internal:
    """The same settings for this suite, whose services sign with one key."""
    return _free(settings).model_copy(update={"identity_public_keys": (data.identity_public,)})


def _free(settings: Configured) -> Configured:
    """The same settings with port 0 for every port that nobody named."""
    unset = {"port", "ops_port", "rpc_port"} & type(settings).model_fields.keys() - settings.model_fields_set
    return settings.model_copy(update=dict.fromkeys(unset, 0))
