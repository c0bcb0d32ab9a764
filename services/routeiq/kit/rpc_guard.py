"""What stands in front of every gRPC method: who calls, under which request id, and how an error leaves.

Fails closed: without a valid assertion no method answers, except grpc.health.v1, which probes ask without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import grpc
import structlog

from routeiq.kit.errors import RouteIQError
from routeiq.kit.identity import AssertionInvalid, AssertionVerifier
from routeiq.kit.ids import request_id
from routeiq.kit.rpc_client import AUTHORIZATION, REQUEST_ID

log = structlog.get_logger()

ERROR_CODE = "x-routeiq-code"
_BEARER = "Bearer "
_OPEN = "/grpc.health.v1.Health/"

Behaviour = Callable[[object, grpc.aio.ServicerContext], Awaitable[object]]

_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ALREADY_EXISTS,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def status_of(error: RouteIQError) -> grpc.StatusCode:
    """The gRPC status that says the same as the error's HTTP status; INTERNAL for what has no like."""
    return _STATUS.get(error.status, grpc.StatusCode.INTERNAL)


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc ships no types
    """Verifies the assertion of each call, binds its request id to the log and renders errors of unary methods."""

    def __init__(self, verifier: AssertionVerifier) -> None:
        self._verifier = verifier

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler | None]],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        handler = await continuation(details)
        if handler is None or details.method.startswith(_OPEN):
            return handler
        metadata = dict(details.invocation_metadata or ())
        try:
            self._authenticate(metadata)
        except AssertionInvalid as error:
            log.info("rpc.refused", method=details.method, reason=error.message)
            return _with_behaviour(handler, _refuse)
        if handler.unary_unary is None:
            return handler
        return _with_behaviour(handler, _guarded(handler.unary_unary, details.method, metadata))

    def _authenticate(self, metadata: Mapping[str, str]) -> None:
        header = metadata.get(AUTHORIZATION, "")
        if not header.startswith(_BEARER):
            raise AssertionInvalid("the call carries no assertion")
        self._verifier.verify(header.removeprefix(_BEARER))


async def _refuse(_: object, context: grpc.aio.ServicerContext) -> None:
    """The same answer for every reason: which it was stands in our log only."""
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a valid assertion is needed")


def _guarded(behaviour: Behaviour, method: str, metadata: Mapping[str, str]) -> Behaviour:
    async def call(request: object, context: grpc.aio.ServicerContext) -> object:
        sent = metadata.get(REQUEST_ID)
        structlog.contextvars.bind_contextvars(request_id=request_id(sent.encode() if sent else None))
        try:
            return await behaviour(request, context)
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except RouteIQError as error:
            log.info("rpc.failed", method=method, code=error.code, reason=error.message)
            await _abort(context, error)
        except Exception:  # the edge of the call: the text stays inside
            log.exception("rpc.crashed", method=method)
            await _abort(context, RouteIQError("the method raised"))
        return None

    return call


async def _abort(context: grpc.aio.ServicerContext, error: RouteIQError) -> None:
    await context.abort(status_of(error), error.public_message, ((ERROR_CODE, error.code),))


_HANDLERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _with_behaviour(handler: grpc.RpcMethodHandler, behaviour: Behaviour) -> grpc.RpcMethodHandler:
    make = _HANDLERS[handler.request_streaming, handler.response_streaming]
    return make(behaviour, handler.request_deserializer, handler.response_serializer)
