"""Whether several replicas of config-sync share the work, and where it is written who leads. The contract's names."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.config_sync.leader import LEASE_S, RENEW_S

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class Mode(StrEnum):
    SINGLE = "single"
    """There is one replica; it leads."""
    ELECTION = "leader_election"


class Backend(StrEnum):
    KUBERNETES = "kubernetes"
    """A Lease of `coordination.k8s.io`."""
    NATS = "nats"
    NONE = "none"
    """As `single`."""


_SAME = {"redis": Backend.NATS, "postgres": Backend.NATS}
"""What predecessors offered. There is no other shared store that config-sync knows."""


class HASettings(BaseSettings):
    """Empty means not set."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True)

    mode: Annotated[Mode, Field(validation_alias="LLMROUTER_HA_MODE")] = Mode.ELECTION
    elected: Annotated[bool, Field(validation_alias="LLMROUTER_CONFIG_SYNC_LEADER_ELECTION_ENABLED")] = True
    lease_s: Annotated[float, Field(gt=0, le=3600, validation_alias="LLMROUTER_CONFIG_SYNC_LEASE_SECONDS")] = LEASE_S
    """How long a leader may be silent; over NATS at most ten seconds."""
    renew_s: Annotated[float, Field(gt=0, le=3600, validation_alias="LLMROUTER_CONFIG_SYNC_RENEW_INTERVAL_SECONDS")] = (
        RENEW_S
    )
    """At most a third of the lease."""
    lock: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$", validation_alias="LLMROUTER_CONFIG_SYNC_LOCK_NAME")
    ] = "config_sync"
    backend: Annotated[Backend | None, Field(validation_alias="ROUTEIQ_LEADER_ELECTION_BACKEND")] = None
    """None: Kubernetes inside of a cluster, elsewhere NATS."""
    namespace: Annotated[str, Field(validation_alias=AliasChoices("POD_NAMESPACE"))] = "default"
    pod: Annotated[str, Field(validation_alias="POD_NAME")] = ""

    @field_validator("backend", mode="before")
    @classmethod
    def _as_before(cls, value: object) -> object:
        return _SAME.get(value, value) if isinstance(value, str) else value

    @property
    def chosen(self) -> Backend:
        """What decides who leads."""
        if self.mode is Mode.SINGLE or not self.elected:
            return Backend.NONE
        return self.backend or (Backend.KUBERNETES if in_cluster() else Backend.NATS)


def in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and TOKEN.is_file()
