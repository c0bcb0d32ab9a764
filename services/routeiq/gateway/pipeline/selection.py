"""What `select` comes down to: deployments in the order to try, and why."""

from __future__ import annotations

import msgspec

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Deployment
from routeiq.gateway.plan import NO_FALLBACKS, Decision, Fallbacks


class Selection(msgspec.Struct, frozen=True, gc=False):
    """`response` is the routing service's own answer where it gave one; `left_out` are (model, reason) pairs."""

    deployments: tuple[Deployment, ...]
    decision: Decision
    response: pb.RouteResponse | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    fallbacks: Fallbacks = NO_FALLBACKS
