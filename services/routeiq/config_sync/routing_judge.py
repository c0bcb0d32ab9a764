"""Ask routing whether it can serve an artifact that is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient
from routeiq.config_sync.settings import Settings
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import AssertionSigner

OPENING_S = 60.0
NO_REASON = "routing refuses it"


class RoutingJudge:
    """It connects at the first question, in the running loop. `close` it."""

    def __init__(self, addresses: str, key: Path) -> None:
        """Raises: ConfigurationError: the key cannot be read."""
        self._addresses, self._signer = addresses, AssertionSigner(load_private_key(key), "config-sync")
        self._client: RoutingClient | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None: there is none to ask. Raises: ConfigurationError."""
        if not settings.routing_address:
            return None
        if settings.identity_key is None:
            raise ConfigurationError(["ROUTEIQ_CONFIG_SYNC_IDENTITY_KEY is not set, and routing is to be asked"])
        return cls(settings.routing_address, settings.identity_key)

    async def validate_artifact(
        self, directory: str = "", *, artifact_id: str = "", timeout_s: float = OPENING_S, subject: str = ""
    ) -> pb.ValidateArtifactResponse:
        """Raises: Unavailable: it does not answer.  NotFound: it has no such artifact."""
        if self._client is None:
            self._client = RoutingClient(self._addresses, self._signer)
        return await self._client.validate_artifact(
            directory, artifact_id=artifact_id, timeout_s=timeout_s, subject=subject
        )

    async def problems_of(self, artifact_id: str) -> tuple[str, ...]:
        """Empty: it serves it. Raises: as above."""
        answer = await self.validate_artifact(artifact_id=artifact_id)
        return () if answer.valid else tuple(answer.errors) or (NO_REASON,)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
