"""Which variables each service reads, by its own settings: what the chart sets besides would be a typing error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opentelemetry.sdk import environment_variables as otel
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from routeiq.a2a_registry.settings import Settings as A2ARegistry
from routeiq.config.environment import PREFIX as LAUNCH
from routeiq.config.environment import LaunchSettings
from routeiq.config_sync.election_settings import HASettings
from routeiq.config_sync.settings import Settings as ConfigSync
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.control.settings import Settings as Control
from routeiq.gateway.settings import CONTRACT_NAMES
from routeiq.gateway.settings import Settings as Gateway
from routeiq.kit.outbound.settings import read_settings as read_outbound
from routeiq.kit.redis import RedisSettings
from routeiq.kit.telemetry import TelemetrySettings
from routeiq.mcp_registry.settings import Settings as MCPRegistry
from routeiq.routing.settings import Settings as Routing

OBSTORE = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"}
"""Read by the library of buckets itself."""
POD = {"POD_NAME", "POD_NAMESPACE"}
EVERYWHERE = {"ROUTEIQ_OUTBOUND_OWN_SERVICES"}
"""Of the suite: who calls no URL passes over it."""


class _Asked(Mapping[str, str]):
    """An environment that is empty, and remembers what was looked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.names.add(name)
        return default

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def names_of(settings: type[BaseSettings]) -> set[str]:
    """Of every field, the older names too."""
    prefix = settings.model_config.get("env_prefix", "")
    found: set[str] = set()
    for field, info in settings.model_fields.items():
        alias = info.validation_alias
        if isinstance(alias, AliasChoices):
            found |= {str(choice) for choice in alias.choices}
        else:
            found.add(str(alias) if alias else f"{prefix}{field}".upper())
    return found


def known(service: str) -> set[str]:
    """Every variable that this service looks for."""
    launch = {f"{LAUNCH}{name.upper()}" for name in LaunchSettings.model_fields}
    everywhere = names_of(TelemetrySettings) | {name for name in vars(otel) if name.startswith("OTEL_")} | POD
    asked = _Asked()
    read_outbound(asked)
    return (
        everywhere
        | EVERYWHERE
        | {
            "gateway": names_of(Gateway) | names_of(RedisSettings) | {*CONTRACT_NAMES.values()} | launch | asked.names,
            "control": names_of(Control) | launch | asked.names,
            "routing": names_of(Routing),
            "config-sync": names_of(ConfigSync)
            | names_of(SourceSettings)
            | names_of(HASettings)
            | OBSTORE
            | asked.names,
            "a2a-registry": names_of(A2ARegistry),
            "mcp-registry": names_of(MCPRegistry),
        }[service]
    )
