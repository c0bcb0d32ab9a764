"""Which services the embedded suite is made of and where each listens.

Only the gateway's port is fixed. The others take free loopback ports unless their settings name one
(`ROUTEIQ_CONTROL_PORT` and so on).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from routeiq.a2a_registry import app as a2a_registry
from routeiq.a2a_registry.settings import Settings as A2ASettings
from routeiq.clients.fleet_joining import Joining
from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.config_sync import app as config_sync
from routeiq.config_sync.election_settings import HASettings, Mode
from routeiq.config_sync.settings import Settings as ConfigSyncSettings
from routeiq.config_sync.sources.settings import SourceSettings
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
    document: Path | None = None
    """The configuration document."""
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


def control_service(
    settings: ControlSettings, start: Start, policy: OutboundPolicy, joining: Joining
) -> ControlService:
    """Readiness waits for it. Args: policy: with the suite's other services."""
    return control.create_service(settings, start, policy, joining)


def late_services(data: DataDir) -> list[Service]:
    """What starts after the gateway answers."""
    return [
        a2a_registry.create_service(_internal(A2ASettings(), data)),
        mcp_registry.create_service(_internal(MCPSettings(), data)),
    ]


def config_sync_service(data: DataDir, options: Options, nats_url: str, routing: str, read: asyncio.Event) -> Service:
    """It reads the document that the suite was told, or what the settings name instead. There is one of it, so that it
    leads. Args: read: set once it has read its source, and the fleet's wish is of that or newer."""
    given = {"nats_url": SecretStr(nats_url), "identity_key": data.identity_key, "routing_address": routing}
    settings = _internal(ConfigSyncSettings(), data).model_copy(update=given)
    alone = HASettings().model_copy(update={"mode": Mode.SINGLE})
    return config_sync.create_service(settings, options.document, ha=alone, taken=read.set)


def joining(options: Options, read: asyncio.Event) -> Joining:
    """A document that was changed while the suite was off serves at once: what the fleet wanted before it counts no
    more, once the document is read. Where nothing is read, what the suite started with stays."""
    settings = SourceSettings()
    named = options.document or settings.file or settings.s3_bucket or settings.gcs_bucket or settings.configmap

    async def after() -> None:
        await read.wait()

    return Joining(after=after) if named and settings.enabled else Joining(documents=False)


def routing_service(data: DataDir, options: Options, state: State, nats_url: str) -> RoutingService:
    """The artifact: `--artifact`, which nothing replaces; else what the fleet wants, the document's, the shipped one.
    Whoever has the key of this suite is its operator, whose own may be unsigned unless the settings say otherwise."""
    settings = _free(RoutingSettings.read(options.environ))
    chosen = options.artifact or (Path(state.routing.artifact_dir) if state.routing.artifact_dir else None)
    given: dict[str, object] = {
        "identity_public_keys": (data.identity_public,),
        "nats_url": SecretStr("" if options.artifact else nats_url),
        "cache_dir": settings.cache_dir or data.path / "artifacts",
    }
    if "allow_unsigned" not in settings.model_fields_set:
        given["allow_unsigned"] = True
    if chosen:
        given["artifact_dir"] = chosen.absolute()
    return RoutingService(settings.model_copy(update=given))


def gateway_settings(
    data: DataDir,
    options: Options,
    master_key: str,
    *,
    routing: str,
    control: ControlService,
    governing: ControlSettings,
    config_sync_url: str,
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
        config_sync_url=config_sync_url,
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
