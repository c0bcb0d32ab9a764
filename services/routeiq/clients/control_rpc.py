"""Call control over gRPC. Calls carry an assertion and a deadline; control away is a `ControlUnavailable`, so that the
caller goes on with what it has. The messages are the protocol's own (`routeiq.api.control.v1.control_pb2`)."""

from __future__ import annotations

import grpc

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.api.control.v1 import control_pb2_grpc
from routeiq.kit.errors import Unavailable
from routeiq.kit.rpc_client import call_metadata, open_channel
from routeiq.kit.signing import AssertionSigner

AUDIENCE = "control"
OVERLAY_TIMEOUT_S = 5.0


class ControlUnavailable(Unavailable):
    """It cannot be reached, refuses us, or did not answer in time."""

    code = "control_unavailable"


class ControlCalls:
    """One channel to one address, `host:port`. Make it inside the running loop; `close` it."""

    def __init__(self, address: str, signer: AssertionSigner) -> None:
        self._signer = signer
        self._channel = open_channel(address)
        self._stub = control_pb2_grpc.ControlServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def overlay(self, version: int) -> pb.Overlay | None:
        """The overlay; None: it is still of that version. Raises: ControlUnavailable."""
        request = pb.GetOverlayRequest(version=version)
        metadata = call_metadata(self._signer, AUDIENCE)
        try:
            answer = await self._stub.GetOverlay(request, timeout=OVERLAY_TIMEOUT_S, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            raise ControlUnavailable(f"control did not give its overlay: {error.code().name}") from None
        return answer.overlay if answer.HasField("overlay") else None

    async def close(self) -> None:
        """Ends the calls that still run."""
        await self._channel.close()
