"""What `select` comes down to: deployments in the order to try, and why."""

from __future__ import annotations

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Deployment
from routeiq.gateway.plan import NO_FALLBACKS, Decision, Fallbacks


class Selection:
    """`response` is the routing service's own answer where it gave one; `left_out` are (model, reason) pairs. It never
    changes."""

    __slots__ = ("decision", "deployments", "fallbacks", "left_out", "response")

    def __init__(
        self,
        deployments: tuple[Deployment, ...],
        decision: Decision,
        response: pb.RouteResponse | None = None,
        left_out: tuple[tuple[str, str], ...] = (),
        fallbacks: Fallbacks = NO_FALLBACKS,
    ) -> None:
        self.deployments, self.decision, self.fallbacks = deployments, decision, fallbacks
        self.response, self.left_out = response, left_out

    def among(self, deployments: tuple[Deployment, ...], decision: Decision, fallbacks: Fallbacks) -> Selection:
        """The same answer of the routing service, with others to try."""
        return Selection(deployments, decision, self.response, self.left_out, fallbacks)
