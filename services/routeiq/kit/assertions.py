"""What stands in front of an HTTP port that only other services call.

Fails closed: without one valid assertion no path answers; probes and scrapes have a port of their own. gRPC has the
same in `rpc_guard`."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from routeiq.kit.asgi import JSON, Answer, ASGIApp, Receive, Scope, Send
from routeiq.kit.error_bodies import error_headers, openai_body
from routeiq.kit.exchange import exchange_of
from routeiq.kit.identity import Assertion, AssertionInvalid, AssertionVerifier
from routeiq.kit.principal import SCOPE_KEY
from routeiq.kit.signing import HEADER

log = structlog.get_logger()

_HEADER = HEADER.encode()
_REFUSED = AssertionInvalid("a valid assertion is needed")
"""The same answer for every reason: which it was stands in our log only."""


class AssertionGuard:
    """An ASGI application that lets verified requests through to another. Their scope has the principal, if any."""

    def __init__(self, app: ASGIApp, verifier: AssertionVerifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            assertion = self._verify(scope["headers"])
        except AssertionInvalid as error:
            log.info("assertion.refused", method=scope["method"], path=scope["path"], reason=error.message)
            answer = Answer(send, [], exchange_of(scope))
            await answer.whole(_REFUSED.status, openai_body(_REFUSED), [JSON, *error_headers(_REFUSED)])
            return
        if assertion.principal is not None:
            scope[SCOPE_KEY] = assertion.principal
        await self._app(scope, receive, send)

    def _verify(self, headers: Iterable[tuple[bytes, bytes]]) -> Assertion:
        """One of several could be read by one side and another by the next, so there must be no second one."""
        sent = [value for name, value in headers if name == _HEADER]
        if len(sent) != 1:
            raise AssertionInvalid("the request does not carry one assertion")
        return self._verifier.verify(sent[0].decode("latin-1"))
