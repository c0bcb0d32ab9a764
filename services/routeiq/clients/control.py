"""Ask control who holds a key, which override holds for a customer, and what was spent.

Calls carry an assertion and a deadline. One that meets a lost connection is tried once more, at the next address if
there is one; gRPC connects again by itself, and follows a name to all of its pods. Behind a breaker a control that does
not answer is not asked by every request, so that who has an older answer loses no time. What goes wrong is a
`ControlUnavailable`.

Nothing of this is loaded by a gateway that only its master key calls: the messages are imported by the first call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

import grpc
import structlog

from routeiq.clients.routing_breaker import Breaker
from routeiq.clients.routing_pods import is_literal, join, split_addresses
from routeiq.kit.errors import Unavailable
from routeiq.kit.rpc_client import LOST, call_metadata, open_channel
from routeiq.kit.signing import AssertionSigner

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

AUDIENCE = "control"
RESOLVE_TIMEOUT_S = 2.0
SLOW_TIMEOUT_S = 10.0
LEDGER_TIMEOUT_S = 2.0
PROBE_TIMEOUT_S = 1.0
_SERVICE = "/routeiq.api.control.v1.ControlService/"
_ANSWERED = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT})
_OPTIONS = (
    ("grpc.lb_policy_name", "round_robin"),  # all pods
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),  # after a lost connection: its pod may have another address
    ("grpc.min_reconnect_backoff_ms", 1_000),  # an attempt to connect may take so long, and the pauses in between
    ("grpc.max_reconnect_backoff_ms", 250),  # are short: what changed while control was away soon holds
)


class ControlUnavailable(Unavailable):
    """No answer in time, or none at all."""

    code = "control_unavailable"


class ControlFailed(ControlUnavailable):
    """It answered that it could not: of this question, which is no reason to ask it no other."""


class ControlClient:
    """A channel to each address. Make it anywhere; the first call, in the running loop, opens it. `close` it.

    Args: addresses: `host:port`, comma-separated; names are followed. Empty: there is no control here, and every call
    raises.  timeout_s: of a resolution, its second attempt included."""

    def __init__(self, addresses: str, signer: AssertionSigner, *, timeout_s: float = RESOLVE_TIMEOUT_S) -> None:
        self._targets = [_target(host, port) for host, port in split_addresses(addresses)] if addresses else []
        self._signer, self._timeout_s = signer, timeout_s
        self._channels: list[grpc.aio.Channel] = []
        self._turns = 0
        self._breaker: Breaker | None = None

    @property
    def away(self) -> bool:
        """Whether it lately gave no answer, so that a call is likely to fail at once. True too where there is none."""
        return not self._targets or (self._breaker is not None and self._breaker.open)

    async def resolve(
        self, *, key_hash: str = "", customer: tuple[str, str] | None = None, request_id: str = ""
    ) -> pb.ResolveResponse:
        """Args: key_hash: SHA-256 of the key in hex.  customer: user id and service.  Raises: ControlUnavailable."""
        from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # for who has virtual keys

        named = pb.Customer(user_id=customer[0], service=customer[1]) if customer else None
        request = pb.ResolveRequest(key_hash=key_hash, customer=named)
        answer = await self._guarded("Resolve", request, pb.ResolveResponse.FromString, request_id)
        return cast("pb.ResolveResponse", answer)

    async def overlay(self, version: int, *, timeout_s: float = SLOW_TIMEOUT_S) -> pb.Overlay | None:
        """What was added by API; None: `version` is current. Raises: ControlUnavailable."""
        from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # as above

        request = pb.GetOverlayRequest(version=version)
        answer = await self._call("GetOverlay", request, pb.GetOverlayResponse.FromString, timeout_s, "")
        response = cast("pb.GetOverlayResponse", answer)
        return response.overlay if response.HasField("overlay") else None

    async def read_ledger(
        self, accounts: Iterable[tuple[str, str, str]], journals: Iterable[str], *, timeout_s: float = LEDGER_TIMEOUT_S
    ) -> pb.ReadLedgerResponse:
        """How far the ledger has come, and what those accounts spent, of one moment. Raises: ControlUnavailable.

        Args: accounts: kind, id and model (`control_accounts`).  journals: beside those that wrote lately."""
        from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # as above

        named = [pb.Account(kind=kind, id=id_, model=model) for kind, id_, model in accounts]
        request = pb.ReadLedgerRequest(accounts=named, journals=list(journals))
        answer = await self._call("ReadLedger", request, pb.ReadLedgerResponse.FromString, timeout_s, "")
        return cast("pb.ReadLedgerResponse", answer)

    async def serves(self) -> bool:
        """Whether control says that it is ready. Never raises: not reachable is False."""
        from grpc_health.v1 import health_pb2 as health  # noqa: PLC0415  # for who waits for control

        if not self._targets:
            return False
        check = self._channels_in_turn()[0].unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health.HealthCheckRequest.SerializeToString,
            response_deserializer=health.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health.HealthCheckRequest(), timeout=PROBE_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health.HealthCheckResponse.SERVING)

    async def close(self) -> None:
        """Ends the calls that still run; a later one raises, as where there is no control."""
        self._targets, channels = [], self._channels
        for channel in channels:
            await channel.close()

    async def _guarded(
        self, method: str, request: Message, read: Callable[[bytes], Message], request_id: str
    ) -> Message:
        """A call through the breaker. Where that is open, one call in a while finds out whether control is back."""
        breaker = self._breaker = self._breaker or Breaker(asyncio.get_running_loop().time, self._changed)
        probes = breaker.take_probe()
        if breaker.open and not probes:
            raise _unavailable()
        try:
            answer = await self._call(method, request, read, self._timeout_s, request_id)
        except ControlFailed:
            breaker.succeeded()
            raise
        except ControlUnavailable:
            breaker.failed()
            raise
        else:
            breaker.succeeded()
            return answer
        finally:
            if probes:
                breaker.probed()

    async def _call(
        self, method: str, request: Message, read: Callable[[bytes], Message], timeout_s: float, request_id: str
    ) -> Message:
        if not self._targets:
            raise _unavailable()
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        metadata = call_metadata(self._signer, AUDIENCE, request_id=request_id)
        channels = self._channels_in_turn()
        for last in (False, True):
            call = channels[last % len(channels)].unary_unary(
                _SERVICE + method, request_serializer=type(request).SerializeToString, response_deserializer=read
            )
            try:
                return cast("Message", await call(request, timeout=max(deadline - clock(), 0.0), metadata=metadata))
            except grpc.aio.AioRpcError as error:
                if last or not self._targets or error.code() not in LOST:
                    log.info("control.failed", method=method, status=error.code().name)
                    raise _unavailable(ControlFailed if error.code() in _ANSWERED else ControlUnavailable) from None
        raise AssertionError("the second attempt is the last")

    def _channels_in_turn(self) -> list[grpc.aio.Channel]:
        """All, beginning with another one for each call; opened by the first one."""
        self._channels = self._channels or [open_channel(target, *_OPTIONS) for target in self._targets]
        self._turns = (self._turns + 1) % len(self._channels)
        return [*self._channels[self._turns :], *self._channels[: self._turns]]

    def _changed(self) -> None:
        log.warning("control.breaker", open=self.away)


def _unavailable(kind: type[ControlUnavailable] = ControlUnavailable) -> ControlUnavailable:
    return kind("This cannot be looked up at the moment. Try again shortly.")


def _target(host: str, port: int) -> str:
    return join(host, port) if is_literal(host) else f"dns:///{join(host, port)}"
