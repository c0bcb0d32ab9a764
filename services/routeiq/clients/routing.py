"""Ask the routing service. Calls carry an assertion and a deadline; a call that meets a lost connection is tried
once more. What goes wrong is a `RoutingUnavailable`, so that the caller can take its documented fallback.

The messages are the protocol's own (`routeiq.api.routing.v1.routing_pb2`): there is no second form of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.kit.errors import InvalidRequest, RouteIQError, Unavailable
from routeiq.kit.identity import AssertionSigner
from routeiq.kit.rpc import call_metadata, open_channel

AUDIENCE = "routing"
END_CHARS = 4096
ROUTE_TIMEOUT_S = 0.25
SLOW_TIMEOUT_S = 30.0

Response = TypeVar("Response", bound=Message)


class RoutingUnavailable(Unavailable):
    """No decision. `reason` is `deadline` or `routing_unavailable`, as in `x-routeiq-fallback`."""

    code = "routing_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("The routing service did not answer.")
        self.reason = reason


def trim_middle(parts: Sequence[str]) -> str:
    """The text parts as one, without the middle that the service would not read. Loses nothing that it reads.

    The service joins parts with newlines, strips, and keeps both ends of more than 8,192 characters; the newline
    between the ends makes the shortened text long enough to be cut at the same places again. Unpaired
    surrogates, which protobuf cannot carry, become `?` here as they would there."""
    text = "\n".join(parts).strip()
    if len(text) > 2 * END_CHARS:
        text = f"{text[:END_CHARS]}\n{text[-END_CHARS:]}"
    return text.encode("utf-8", "replace").decode("utf-8")


def make_prompt(
    parts: Sequence[str],
    *,
    system_sha256: bytes = b"",
    has_tools: bool = False,
    has_images: bool = False,
    max_output_tokens: int = 0,
) -> pb.Prompt:
    """Args: parts: the text parts of the last user message, of any length."""
    text = trim_middle(parts)
    return pb.Prompt(
        text=[text] if text else [],
        system_sha256=system_sha256,
        has_tools=has_tools,
        has_images=has_images,
        max_output_tokens=max_output_tokens,
    )


class RoutingClient:
    """One channel to one address. Make it inside the running loop; `close` it. Safe for many tasks at once.

    `timeout_s` is the whole call's, retry included. `subject` is the verified principal that the call is for, empty
    for the calling service itself. Raises: RoutingUnavailable: no answer.  InvalidRequest: it refused the request."""

    def __init__(self, address: str, signer: AssertionSigner) -> None:
        self._signer = signer
        self._channel = open_channel(address)
        self._stub = routing_pb2_grpc.RoutingServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Ends the calls that still run."""
        await self._channel.close(None)

    async def route(
        self,
        prompt: pb.Prompt,
        candidates: Iterable[pb.Candidate] = (),
        *,
        cost_weight: float = 0.0,
        timeout_s: float = ROUTE_TIMEOUT_S,
        subject: str = "",
        request_id: str = "",
    ) -> pb.RouteResponse:
        """One decision. No candidates: all of the service's artifact."""
        objective = pb.Objective(cost_weight=cost_weight)
        request = pb.RouteRequest(prompt=prompt, candidates=candidates, objective=objective)
        return await self._call(self._stub.Route, request, pb.RouteResponse, timeout_s, subject, request_id)

    async def route_many(
        self,
        request: pb.RouteManyRequest,
        *,
        timeout_s: float = ROUTE_TIMEOUT_S,
        subject: str = "",
        request_id: str = "",
    ) -> list[pb.RouteResult]:
        """Several decisions in the order of `request.entries`; each is a response or an error text of its own."""
        answer = await self._call(self._stub.RouteMany, request, pb.RouteManyResponse, timeout_s, subject, request_id)
        return list(answer.results)

    async def embed(
        self, text: Sequence[str], *, timeout_s: float = SLOW_TIMEOUT_S, subject: str = "", request_id: str = ""
    ) -> pb.EmbedResponse:
        """Unit vectors in the order of `text`, which is sent as it is."""
        request = pb.EmbedRequest(text=[one.encode("utf-8", "replace").decode("utf-8") for one in text])
        return await self._call(self._stub.Embed, request, pb.EmbedResponse, timeout_s, subject, request_id)

    async def info(self, *, timeout_s: float = SLOW_TIMEOUT_S) -> pb.GetInfoResponse:
        """What is loaded."""
        return await self._call(self._stub.GetInfo, pb.GetInfoRequest(), pb.GetInfoResponse, timeout_s)

    async def validate_artifact(
        self, directory: str, *, timeout_s: float = SLOW_TIMEOUT_S, subject: str = ""
    ) -> pb.ValidateArtifactResponse:
        """A dry run of loading a directory that the service can read."""
        request = pb.ValidateArtifactRequest(directory=directory)
        return await self._call(self._stub.ValidateArtifact, request, pb.ValidateArtifactResponse, timeout_s, subject)

    async def _call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable,
        request: Message,
        kind: type[Response],
        timeout_s: float,
        subject: str = "",
        request_id: str = "",
    ) -> Response:
        """Call `method`, which answers with a `kind`; a second time if the connection was lost."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        metadata = call_metadata(self._signer, AUDIENCE, subject=subject, request_id=request_id)
        attempts = 2
        while True:
            attempts -= 1
            try:
                answer: Response = await method(request, timeout=max(deadline - clock(), 0.0), metadata=metadata)
            except grpc.aio.AioRpcError as error:
                if not attempts or error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise translated(error) from None
            else:
                return answer


def translated(error: grpc.aio.AioRpcError) -> RouteIQError:
    """What a failed call means for the caller."""
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidRequest(error.details() or "the routing service refused the request")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return RoutingUnavailable("deadline")
        case _:
            return RoutingUnavailable("routing_unavailable")
