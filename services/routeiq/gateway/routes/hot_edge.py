"""The edge of the hot endpoints, from the server's request to the pipeline; and what every answer and refusal has.

A request whose body is there takes no task, unless it has to wait for something.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.pipeline.authenticate import SERVICE_PATHS, Authenticator
from routeiq.gateway.pipeline.context import Arrival
from routeiq.gateway.pipeline.kinds import GENERATE as GENERATE_ENDPOINT
from routeiq.gateway.pipeline.run import Pipeline
from routeiq.gateway.routes.generate.endpoint import PATH as GENERATE
from routeiq.gateway.routes.hot import HotPath, hot_path
from routeiq.gateway.state import StateHolder
from routeiq.kit.asgi import (
    JSON,
    Answer,
    ClientDisconnected,
    Receive,
    Scope,
    Send,
    first_values,
    unsent,
    whole_body,
)
from routeiq.kit.cors import CORS
from routeiq.kit.error_bodies import Family, error_body, error_headers, stream_event
from routeiq.kit.errors import RouteIQError
from routeiq.kit.exchange import Exchange, Work, exchange_of
from routeiq.kit.ids import request_id

log = structlog.get_logger()


class HotEdge:
    """Of one gateway."""

    __slots__ = ("_authenticator", "_cors", "_holder", "_pipeline")

    def __init__(
        self, authenticator: Authenticator, holder: StateHolder, pipeline: Pipeline, cors: CORS | None
    ) -> None:
        self._authenticator, self._holder, self._pipeline, self._cors = authenticator, holder, pipeline, cors

    def at_once(self, scope: Scope, exchange: Exchange) -> Work | bool:
        """As `kit.exchange.AtOnce` has it."""
        hot = hot_path(scope["path"]) if scope["method"] == "POST" else None
        if hot is None:
            return False
        headers = first_values(scope)
        rid = request_id(headers.get(b"x-request-id"))
        answer = self.answer(unsent, rid, headers.get(b"origin"), exchange)
        guard = _Guard(self, hot, rid, answer)
        try:
            caller = self._authenticator.at_once(headers, scope["query_string"])
            if caller is None:
                return False  # its task waits for control
            arrival = self._arrival(hot, rid, headers, caller, scope["path"])
            raw = whole_body(exchange, arrival.state.body_limit_bytes)
            assert raw is not None, "the server asks when all is there"
            work = self._pipeline.begin(arrival, raw, answer, guard)
        except Exception as error:  # noqa: BLE001  # the edge: `refuse` logs what nobody expected
            return self.refuse(hot, rid, answer, error)
        return True if work is None else guard.around(work)

    async def run(self, hot: HotPath, scope: Scope, receive: Receive, send: Send) -> None:
        """The same as a task, under any server."""
        headers = first_values(scope)
        rid = request_id(headers.get(b"x-request-id"))
        answer = self.answer(send, rid, headers.get(b"origin"), exchange_of(scope))
        await _Guard(self, hot, rid, answer).around(self._run(hot, rid, headers, scope, receive, answer))

    def answer(self, send: Send, rid: str, origin: bytes | None, exchange: Exchange | None) -> Answer:
        """With the lines that every answer has."""
        lines = [(b"x-request-id", rid.encode())]
        if self._cors is not None:
            lines += self._cors.lines(origin)
        return Answer(send, lines, exchange)

    async def refuse(self, hot: HotPath | None, rid: str, answer: Answer, error: Exception, path: str = "") -> None:
        """The body of an error, or the last event of a stream. Nothing for a client that left."""
        if isinstance(error, ClientDisconnected):
            return
        if not isinstance(error, RouteIQError):
            log.error("request.crashed", request_id=rid, exc_info=error)
            error = RouteIQError("internal")
        if not answer.counted:
            self._pipeline.meter.refused(_label(hot, path), error.status)
        log.info("request.refused", request_id=rid, status=error.status, code=error.code)
        if answer.streams:
            await answer.end(b"\n\n" + stream_event(_family(hot, path), error, rid))
        elif not answer.begun:
            body = error_body(_family(hot, path), error, rid)
            await answer.whole(error.status, body, [JSON, *error_headers(error)])

    async def _run(
        self, hot: HotPath, rid: str, headers: Mapping[bytes, bytes], scope: Scope, receive: Receive, answer: Answer
    ) -> None:
        path = scope["path"]
        caller = await self._authenticator.caller(headers, scope["query_string"], path)
        await self._pipeline.run(self._arrival(hot, rid, headers, caller, path), scope, receive, answer)

    def _arrival(self, hot: HotPath, rid: str, headers: Mapping[bytes, bytes], caller: Caller, path: str) -> Arrival:
        """Every hot path needs a key, and any key will do that is not confined to other paths. Raises: RouteDenied."""
        if caller.routes is not None:
            caller.routes.check(path)
        return Arrival(rid, caller, self._holder.current, hot.endpoint, headers, hot.model)


class _Guard:
    """A `pipeline.run.Guard`."""

    __slots__ = ("_answer", "_edge", "_hot", "_id")

    def __init__(self, edge: HotEdge, hot: HotPath, rid: str, answer: Answer) -> None:
        self._edge, self._hot, self._id, self._answer = edge, hot, rid, answer

    async def around(self, work: Work) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # the edge: `refuse` logs what nobody expected
            await self._edge.refuse(self._hot, self._id, self._answer, error)


def _family(hot: HotPath | None, path: str) -> Family:
    if hot is not None:
        return hot.endpoint.errors
    return Family.DETAIL if path.startswith(SERVICE_PATHS) else Family.OPENAI


def _label(hot: HotPath | None, path: str) -> str:
    """For the meter."""
    if hot is not None:
        return hot.endpoint.value
    return GENERATE_ENDPOINT if path == GENERATE else "other"
