"""Builders for provider tests, and an `HTTPClient` without sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping

import msgspec

from routeiq.config.state import Deployment, DeploymentId, ModelName
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest
from routeiq.gateway.upstream.responses import StreamedResponse, WholeResponse

KEY = "sk-upstream-secret"
MESSAGES = [{"role": "user", "content": "Hello"}]


def deployment(
    provider: str = "openai",
    model: str = "gpt-x",
    api_base: str | None = None,
    api_key: str | None = KEY,
    **params: object,
) -> Deployment:
    """A deployment of the group `group`; `params` are its other `litellm_params`."""
    return Deployment(
        id=DeploymentId("d1"),
        group=ModelName("group"),
        provider=provider,
        model=model,
        candidate="group",
        api_base=api_base,
        api_key=api_key,
        params=params,
    )


def request(
    body: Mapping[str, object] | None = None,
    *,
    endpoint: Endpoint = Endpoint.CHAT,
    stream: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
    timeout_s: float = 5.0,
) -> UpstreamRequest:
    """A request with `body` over a plain one."""
    base: dict[str, object] = {"model": "group"}
    base |= {"messages": MESSAGES} if endpoint is Endpoint.CHAT else {"input": "Hello"}
    base |= {"stream": True} if stream else {}
    fields = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in {**base, **(body or {})}.items()}
    return UpstreamRequest(endpoint, fields, stream, headers, timeout_s, "req-1")


async def read_json(response: UpstreamResponse) -> dict[str, object]:
    """The body of a unary answer."""
    body: dict[str, object] = json.loads(await response.read())
    return body


async def read_stream(response: UpstreamResponse) -> bytes:
    """All of a stream; the response is closed."""
    try:
        return b"".join([chunk async for chunk in response.chunks()])
    finally:
        await response.close()


class StubHTTP:
    """Answers every call with the same response and remembers what it was asked."""

    def __init__(self, response: UpstreamResponse) -> None:
        self.response = response
        self.requests: list[HTTPRequest] = []
        self.closed = False

    async def send(self, request: HTTPRequest) -> UpstreamResponse:
        self.requests.append(request)
        return self.response

    async def close(self) -> None:
        self.closed = True

    @property
    def body(self) -> dict[str, object]:
        """The body of the last request."""
        body: dict[str, object] = json.loads(self.requests[-1].body)
        return body

    @property
    def headers(self) -> Mapping[str, str]:
        return self.requests[-1].headers


def answer(body: object, status: int = 200, **headers: str) -> StubHTTP:
    """A client whose upstream answers `body`: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return StubHTTP(WholeResponse(status, data, {"content-type": "application/json", **named}))


def stream_answer(*chunks: bytes, content_type: str = "text/event-stream") -> StubHTTP:
    """A client whose upstream streams `chunks`."""

    async def produce() -> AsyncGenerator[bytes, None]:
        for chunk in chunks:
            yield chunk

    return StubHTTP(StreamedResponse(produce(), headers={"content-type": content_type}))
