"""Provider kind `routeiq/`: embeddings from the routing service's own encoder, so that one real model works offline.

Source: OpenAI's embeddings API. `encoding_format` is `float` or `base64` (little-endian float32).
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable
from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.gateway.upstream.responses import WholeResponse
from routeiq.kit.errors import InvalidRequest

MOST_INPUTS = 2048
"""As many as OpenAI takes in one call."""


class _Embeddings(msgspec.Struct):
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


class RoutingEncoder:
    """Asks `Embed`. Serves embeddings alone."""

    def __init__(self, routing: RoutingClient) -> None:
        self._routing = routing

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Raises: InvalidRequest: not text, too much of it, or another dimension.  UpstreamFailed: routing is away."""
        if request.endpoint is not Endpoint.EMBEDDINGS:
            raise InvalidRequest(f"The model `{deployment.group}` serves embeddings alone.", param="model")
        wanted = _wanted(request.body)
        texts = [wanted.input] if isinstance(wanted.input, str) else wanted.input
        _check_inputs(texts)
        try:
            answer = await self._routing.embed(texts, timeout_s=request.timeout_s, request_id=request.request_id)
        except RoutingUnavailable:
            raise UpstreamFailed(
                f"The model `{deployment.group}` is not available: the routing service did not answer."
            ) from None
        _check_dimensions(wanted.dimensions, answer)
        return WholeResponse(200, _render(answer, deployment.group, wanted.encoding_format))

    async def close(self) -> None:
        """The client belongs to the gateway."""


def _wanted(body: Mapping[str, msgspec.Raw]) -> _Embeddings:
    fields = {name: body[name] for name in _Embeddings.__struct_fields__ if name in body}
    try:
        return msgspec.json.decode(msgspec.json.encode(fields), type=_Embeddings)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"Cannot embed this: {error}. Send text, or a list of texts; token ids are not taken.", param="input"
        ) from None


def _check_inputs(texts: list[str]) -> None:
    if not texts or not all(texts):
        raise InvalidRequest("'input' must not be empty, nor contain an empty text.", param="input")
    if len(texts) > MOST_INPUTS:
        raise InvalidRequest(f"'input' has {len(texts)} texts; the limit is {MOST_INPUTS}.", param="input")


def _check_dimensions(wanted: int | None, answer: pb.EmbedResponse) -> None:
    given = len(answer.embeddings[0].values)
    if wanted not in (None, given):
        raise InvalidRequest(f"This model's vectors have {given} dimensions.", param="dimensions")


def _render(answer: pb.EmbedResponse, model: str, encoding: str) -> bytes:
    tokens = sum(embedding.tokens for embedding in answer.embeddings)
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(embedding.values, encoding)}
        for index, embedding in enumerate(answer.embeddings)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})


def _vector(values: Iterable[float], encoding: str) -> list[float] | str:
    floats = list(values)
    if encoding == "float":
        return floats
    return base64.b64encode(struct.pack(f"<{len(floats)}f", *floats)).decode()
