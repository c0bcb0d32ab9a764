"""Ask the routing service. Calls carry an assertion and a deadline; a call that meets a lost connection is tried
once more, on another pod if there is one. What goes wrong is a `RoutingUnavailable`, so that the caller can take its
documented fallback. Decisions, and nothing else, go through the pods' breakers.

The messages are the protocol's own (`routeiq.api.routing.v1.routing_pb2`): there is no second form of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.clients.routing_pods import RESOLVE_EVERY_S, Pod, Pods
from routeiq.kit.errors import InvalidRequest, NotFound, RouteIQError, Unavailable
from routeiq.kit.rpc_client import LOST, Metadata, call_metadata
from routeiq.kit.signing import AssertionSigner

AUDIENCE = "routing"
END_CHARS = 4096
ROUTE_TIMEOUT_S = 0.25
SLOW_TIMEOUT_S = 30.0

Response = TypeVar("Response", bound=Message)


class RoutingUnavailable(Unavailable):
    """No decision. `reason` is `deadline`, `overloaded` or `routing_unavailable`, as in `x-routeiq-fallback`."""

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
    """A channel to each pod of `addresses`. Make it inside the running loop; `close` it. Safe for many tasks at once.

    `timeout_s` is the whole call's, retry included. `subject` is the verified principal that the call is for, empty
    for the calling service itself. Raises: RoutingUnavailable: no answer.  InvalidRequest: it refused the request.

    Args: addresses: `host:port`, comma-separated; names are followed."""

    def __init__(
        self,
        addresses: str,
        signer: AssertionSigner,
        *,
        metrics: RoutingMetrics | None = None,
        resolve_every_s: float = RESOLVE_EVERY_S,
    ) -> None:
        self._signer = signer
        self._metrics = metrics or RoutingMetrics(CollectorRegistry())
        self._pods = Pods(addresses, self._metrics, resolve_every_s=resolve_every_s)
        self._probes: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Ends the calls that still run."""
        probes = list(self._probes)
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        await self._pods.close()

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
        return cast(pb.RouteResponse, await self._decide("Route", request, timeout_s, subject, request_id, 1))

    async def route_many(
        self,
        request: pb.RouteManyRequest,
        *,
        timeout_s: float = ROUTE_TIMEOUT_S,
        subject: str = "",
        request_id: str = "",
    ) -> list[pb.RouteResult]:
        """Several decisions in the order of `request.entries`; each is a response or an error text of its own."""
        answer = await self._decide("RouteMany", request, timeout_s, subject, request_id, len(request.entries))
        return list(cast(pb.RouteManyResponse, answer).results)

    async def embed(
        self, text: Sequence[str], *, timeout_s: float = SLOW_TIMEOUT_S, subject: str = "", request_id: str = ""
    ) -> pb.EmbedResponse:
        """Unit vectors in the order of `text`, which is sent as it is."""
        request = pb.EmbedRequest(text=[one.encode("utf-8", "replace").decode("utf-8") for one in text])
        return await self._call("Embed", request, pb.EmbedResponse, timeout_s, subject, request_id)

    async def info(self, *, timeout_s: float = SLOW_TIMEOUT_S) -> pb.GetInfoResponse:
        """What is loaded."""
        return await self._call("GetInfo", pb.GetInfoRequest(), pb.GetInfoResponse, timeout_s)

    async def validate_artifact(
        self, directory: str = "", *, artifact_id: str = "", timeout_s: float = SLOW_TIMEOUT_S, subject: str = ""
    ) -> pb.ValidateArtifactResponse:
        """A dry run of loading a directory that the service can read, or the artifact of that id in the object store.
        Raises: NotFound: the store has none."""
        request = pb.ValidateArtifactRequest(directory=directory, artifact_id=artifact_id)
        return await self._call("ValidateArtifact", request, pb.ValidateArtifactResponse, timeout_s, subject)

    async def _decide(
        self, method: str, request: Message, timeout_s: float, subject: str, request_id: str, decisions: int
    ) -> Message:
        """A call through the breakers. Where all are open it fails at once; copies of it look whether a pod is back."""
        metadata = call_metadata(self._signer, AUDIENCE, subject=subject, request_id=request_id)
        for silent in self._pods.take_probes():
            self._probe(silent, method, request, timeout_s, metadata)
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        failed: Pod | None = None
        while pod := self._pods.pick(other_than=failed):
            try:
                left = max(deadline - clock(), 0.0)
                return await pod.counted(method, request, left, metadata, decisions, again=pod is failed)
            except grpc.aio.AioRpcError as error:
                self._failed(error)
                if failed or error.code() not in LOST:
                    raise translated(error) from None
                failed = pod
        raise RoutingUnavailable("routing_unavailable")

    async def _call(
        self, method: str, request: Message, kind: type[Response], timeout_s: float, subject: str = "",
        request_id: str = "",
    ) -> Response:  # fmt: skip
        """Call `method`, which answers with a `kind`; a second time if the connection was lost."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        metadata = call_metadata(self._signer, AUDIENCE, subject=subject, request_id=request_id)
        attempts = 2
        while True:
            attempts -= 1
            try:
                answer = await self._pods.any().call(method, request, max(deadline - clock(), 0.0), metadata)
            except grpc.aio.AioRpcError as error:
                self._failed(error)
                if not attempts or error.code() not in LOST:
                    raise translated(error) from None
            else:
                assert isinstance(answer, kind)
                return answer

    def _failed(self, error: grpc.aio.AioRpcError) -> None:
        if error.code() in LOST:
            self._pods.look_again()

    def _probe(self, pod: Pod, method: str, request: Message, timeout_s: float, metadata: Metadata) -> None:
        """Ask a pod with an open breaker; nobody waits for the answer."""

        async def ask() -> None:
            try:
                await pod.counted(method, request, timeout_s, metadata, 1)
            except grpc.aio.AioRpcError as error:
                self._failed(error)
            finally:
                pod.breaker.probed()

        self._metrics.probed()
        task = asyncio.create_task(ask(), name="routing-probe")
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)


def translated(error: grpc.aio.AioRpcError) -> RouteIQError:
    """What a failed call means for the caller."""
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidRequest(error.details() or "the routing service refused the request")
        case grpc.StatusCode.NOT_FOUND:
            return NotFound(error.details() or "the routing service has no such thing")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return RoutingUnavailable("deadline")
        case _:
            return RoutingUnavailable("routing_unavailable")
