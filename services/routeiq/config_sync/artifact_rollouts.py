"""The rollout as the store of artifacts sees it, on any replica."""

from __future__ import annotations

from routeiq.config_sync.artifacts.service import Moved, State
from routeiq.config_sync.fleet_view import FleetView
from routeiq.config_sync.history import artifacts_of
from routeiq.config_sync.leader_requests import LeaderRequests, Said
from routeiq.kit.errors import RouteIQError


class ArtifactRefused(RouteIQError):
    """A release with it cannot be served."""

    status, type, code = 422, "invalid_request_error", "artifact_refused"


class ArtifactRollouts:
    """See `artifacts.service.Fleet`."""

    def __init__(self, leader: LeaderRequests, fleet_view: FleetView) -> None:
        self._leader, self._fleet_view = leader, fleet_view

    async def now(self) -> State:
        record = (await self._fleet_view.view()).record
        wanted = record.desired.release.artifact if record.desired else ""
        return State(wanted, artifacts_of(record))

    async def promote(self, artifact_id: str, by: str) -> Moved:
        return _moved(await self._leader.do("promote", {"artifact": artifact_id, "by": by}))

    async def roll_back_artifact(self, by: str) -> Moved:
        return _moved(await self._leader.do("rollback_artifact", {"by": by}))


def _moved(said: Said) -> Moved:
    if said["errors"]:
        raise ArtifactRefused("\n".join(said["errors"]))
    return Moved(said["artifact"], said["previous"], said["release"], said["phase"])
