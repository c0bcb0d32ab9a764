"""The body and the headers that go upstream, from the caller's and the deployment's."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.http import forwarded_headers
from routeiq.gateway.upstream.provider import UpstreamRequest

Body = dict[str, msgspec.Raw]

DEFAULTS = frozenset([
    "dimensions", "frequency_penalty", "logit_bias", "max_completion_tokens", "max_tokens", "n", "parallel_tool_calls",
    "presence_penalty", "reasoning_effort", "response_format", "seed", "service_tier", "stop", "temperature",
    "thinking", "top_k", "top_p", "user",
])  # fmt: skip
"""Names of `litellm_params` that are request fields: a deployment's default, which the caller's own value replaces."""
_LIMITS = {"max_tokens", "max_completion_tokens"}
"""Two names of one limit: upstreams refuse a request with both."""


def request_body(request: UpstreamRequest, deployment: Deployment, model: str) -> Body:
    """The deployment's defaults, the caller's fields over them, and `model` as the provider calls it."""
    params = deployment.params
    body: Body = {}
    if params and not DEFAULTS.isdisjoint(params):
        given = request.body.keys() | (_LIMITS if request.body.keys() & _LIMITS else set())
        body = {name: raw(params[name]) for name in DEFAULTS & params.keys() - given if params[name] is not None}
    body.update(request.body)
    body["model"] = raw(model)
    return body


def extra_body(deployment: Deployment) -> Body:
    """The operator's `extra_body`: fields in the provider's own dialect, which replace all others."""
    extra = deployment.params.get("extra_body")
    return {str(name): raw(value) for name, value in extra.items()} if isinstance(extra, Mapping) else {}


def upstream_headers(request: UpstreamRequest, deployment: Deployment, own: Mapping[str, str]) -> dict[str, str]:
    """The caller's permitted headers, the provider's `own` over them, the operator's `extra_headers` over those."""
    headers = forwarded_headers(request.headers)
    headers["content-type"] = "application/json"
    headers["accept"] = "text/event-stream" if request.stream else "application/json"
    if request.stream:
        headers["accept-encoding"] = "identity"  # a compressor may hold events back
    headers.update(own)
    extra = deployment.params.get("extra_headers")
    if isinstance(extra, Mapping):
        headers.update({str(name).lower(): str(value) for name, value in extra.items()})
    return headers


def text_param(deployment: Deployment, name: str) -> str | None:
    """A string of `litellm_params`, or None where it is absent or of another type."""
    value = deployment.params.get(name)
    return value if isinstance(value, str) and value else None


def raw(value: object) -> msgspec.Raw:
    """`value` as encoded JSON."""
    return msgspec.Raw(msgspec.json.encode(value))
