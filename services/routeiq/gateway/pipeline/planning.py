"""Make the plan of a request for which deployments were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import Plan
from routeiq.kit.error_bodies import Family

_PLAIN: Final = (b"traceparent", b"tracestate", b"accept-language")
_BY_FAMILY: Final[Mapping[Family, tuple[bytes, ...]]] = {
    Family.OPENAI: (*_PLAIN, b"openai-beta"),
    Family.ANTHROPIC: (*_PLAIN, b"anthropic-beta", b"anthropic-version"),
}
SENT_UPSTREAM: Final = {endpoint: _BY_FAMILY[endpoint.errors] for endpoint in Endpoint}
"""The caller's headers that may reach an upstream of the endpoint's dialect. No credential is ever among them."""


def plan_of(context: Context, selection: Selection) -> Plan:
    """What is executed."""
    state, call, headers, deployments = context.state, context.call, context.headers, selection.deployments
    routing = state.routing
    return Plan(
        context.request_id,
        call.endpoint,
        call.body,
        call.stream,
        _sent(headers, SENT_UPSTREAM[call.endpoint]),
        deployments,
        selection.decision,
        context.started + routing.timeout_s,
        routing.num_retries,
        state.version,
        selection.fallbacks,
        routing.retry_pause_s,
        routing.retry_statuses(deployments[0]),
    )


def _sent(headers: Mapping[bytes, bytes], names: tuple[bytes, ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(one.decode("latin-1"), headers[one].decode("latin-1")) for one in names if one in headers])
