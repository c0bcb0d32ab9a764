"""The request that goes upstream, its body and its headers, from the caller's and the deployment's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import RequestHeaders, forwarded_headers
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest
from routeiq.gateway.upstream.token_limit import LIMITS, LimitName
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.lru import LRU

Body = dict[str, msgspec.Raw]

DEFAULTS: Final = frozenset([
    "dimensions", "frequency_penalty", "logit_bias", "max_completion_tokens", "max_tokens", "n", "parallel_tool_calls",
    "presence_penalty", "reasoning_effort", "response_format", "seed", "service_tier", "stop", "temperature",
    "thinking", "top_k", "top_p", "user",
])  # fmt: skip
"""Names of `litellm_params` that are request fields: a deployment's default, which the caller's own value replaces."""
USAGE_ON_DEMAND: Final = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
"""Where a stream reports usage only if `stream_options` asks for it. The gateway always asks, for its own count."""

_encode: Final = msgspec.json.Encoder().encode
_options: Final = msgspec.json.Decoder(Body | None)
_ASK: Final = msgspec.Raw(b'{"include_usage":true}')
_CHAT: Final = Endpoint.CHAT
_VARIED: Final = 16
_LONGEST_KEPT: Final = 512


class Sent:
    """What the calls of one deployment have in common: the fields and the header lines that do not vary."""

    __slots__ = ("_extra_headers", "_limit", "_model", "_own", "_plain", "_streamed", "_varied", "defaults", "extra")

    def __init__(self, deployment: Deployment, model: str, own: Mapping[str, str]) -> None:
        """`model`: the name that goes upstream.  `own`: the provider's headers, the credential among them."""
        params = deployment.params
        self.defaults: Body = {name: raw(params[name]) for name in DEFAULTS if params.get(name) is not None}
        self.extra: Body = _extra_body(params)
        self._limit = LimitName(deployment)
        self._model = raw(model)
        self._own = own
        self._extra_headers = _extra_headers(params)
        self._plain = self._headers({}, stream=False)
        self._streamed = self._headers({}, stream=True)
        self._varied: LRU[tuple[tuple[tuple[str, str], ...], bool], RequestHeaders] = LRU(_VARIED)
        """With what callers have sent lately: a client says the same each time, unless it traces."""

    def body(self, request: UpstreamRequest) -> Body:
        """The deployment's defaults, the caller's fields over them, and the model. `extra` is the last to be added."""
        given = request.body
        body: Body = _over(self.defaults, given) if self.defaults else dict(given)
        if request.endpoint is _CHAT:
            self._limit.settle(body)
        body["model"] = self._model
        return body

    def headers(self, request: UpstreamRequest) -> Mapping[str, str]:
        """The caller's permitted headers, the provider's own over them, the operator's `extra_headers` over those."""
        if not request.headers:
            return self._streamed if request.stream else self._plain
        if sum([len(value) for _, value in request.headers]) > _LONGEST_KEPT:
            return self._headers(forwarded_headers(request.headers), stream=request.stream)
        key = (request.headers, request.stream)
        found = self._varied.get(key)
        if found is None:
            found = self._headers(forwarded_headers(request.headers), stream=request.stream)
            self._varied.put(key, found)
        return found

    def _headers(self, headers: dict[str, str], *, stream: bool) -> RequestHeaders:
        headers["content-type"] = "application/json"
        headers["accept"] = "text/event-stream" if stream else "application/json"
        if stream:
            headers["accept-encoding"] = "identity"  # a compressor may hold events back
        headers.update(self._own)
        headers.update(self._extra_headers)
        return RequestHeaders(headers)


def http_request(
    url: str, sent: Sent, request: UpstreamRequest, deployment: Deployment, *, ask_usage: bool
) -> HTTPRequest:
    """Args: ask_usage: False: the upstream refuses `stream_options`."""
    body = sent.body(request)
    if ask_usage and request.stream:
        ask_for_usage(request, body)
    if sent.extra:
        body |= sent.extra
    headers, label, client = sent.headers(request), deployment.group, deployment.http_client
    return HTTPRequest(
        url, headers, _encode(body), label, request.timeout_s, client, request.fresh, deployment.origin,
        request.request_id,
    )  # fmt: skip


def ask_for_usage(request: UpstreamRequest, body: Body) -> None:
    """Make a stream report its usage. An operator's `extra_body: {stream_options: null}` takes it back."""
    if not request.stream or request.endpoint not in USAGE_ON_DEMAND or wants_usage(body):
        return
    options = body.get("stream_options")
    try:
        asked = _options.decode(options) or {} if options is not None else {}
    except UNREADABLE:
        return  # the upstream will say what is wrong with it
    body["stream_options"] = raw({**asked, "include_usage": True}) if asked else _ASK


def _over(defaults: Body, given: Mapping[str, msgspec.Raw]) -> Body:
    """Either name of the limit replaces the other's default."""
    left_out = LIMITS if not LIMITS.isdisjoint(given) else ()
    return {**{name: value for name, value in defaults.items() if name not in left_out}, **given}


def _extra_body(params: Mapping[str, object]) -> Body:
    """The operator's `extra_body`: fields in the provider's own dialect, which replace all others."""
    extra = params.get("extra_body")
    return {str(name): raw(value) for name, value in extra.items()} if isinstance(extra, Mapping) else {}


def _extra_headers(params: Mapping[str, object]) -> dict[str, str]:
    extra = params.get("extra_headers")
    return {str(name).lower(): str(value) for name, value in extra.items()} if isinstance(extra, Mapping) else {}


def text_param(deployment: Deployment, name: str) -> str | None:
    """A string of `litellm_params`, or None where it is absent or of another type."""
    value = deployment.params.get(name)
    return value if isinstance(value, str) and value else None


def raw(value: object) -> msgspec.Raw:
    """`value` as encoded JSON."""
    return msgspec.Raw(msgspec.json.encode(value))
