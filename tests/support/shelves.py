"""A routing service that judges artifacts as it is told, and a rollout that does at once."""

from __future__ import annotations

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config_sync.artifacts.service import Moved, State
from routeiq.kit.errors import Unavailable


class TwinJudge:
    """Refuses with `problems`; `away`: it does not answer."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.away = False
        self.asked: list[str] = []

    async def validate_artifact(
        self, directory: str = "", *, artifact_id: str = "", timeout_s: float = 0, subject: str = ""
    ) -> pb.ValidateArtifactResponse:
        if self.away:
            raise Unavailable("no routing service is there")
        self.asked.append(artifact_id)
        return pb.ValidateArtifactResponse(valid=not self.problems, errors=self.problems)


class TwinFleet:
    """Wants at once what it is told."""

    def __init__(self) -> None:
        self.wanted = ""
        self.used: list[str] = []

    async def now(self) -> State:
        return State(self.wanted, frozenset(self.used))

    async def promote(self, artifact_id: str, by: str) -> Moved:
        before, self.wanted = self.wanted, artifact_id
        self.used.append(artifact_id)
        return Moved(artifact_id, before, len(self.used), "desired")

    async def roll_back_artifact(self, by: str) -> Moved:
        return await self.promote(self.used[-2], by)
