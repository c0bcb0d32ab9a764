"""A way past ASGI's messages for who answers thousands of requests a second: the server's own request object.

The server of `kit.http_protocol` puts it into the scope; under any other server it is absent and plain ASGI does the
same. An answer goes through one of the two, never both.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, MutableMapping
from typing import Any, Protocol, cast

from routeiq.kit.turn import Turn

KEY = "routeiq.exchange"
"""A key of the scope itself, not of its `extensions`, which would be one more dict a request."""
RawHeaders = Iterable[tuple[bytes, bytes]]


class Repeated(tuple[tuple[bytes, bytes], ...]):
    """Headers of many answers. A server may keep here what they come to on the wire, because they never change."""

    lines: bytes | None = None


NONE_REPEATED = Repeated()


Work = Coroutine[Any, Any, None]


class AtOnce(Protocol):
    """What an application may offer beside ASGI: `at_once(scope, exchange)`, asked for a request whose body is there.

    It takes no task. What raises is a 500.
    """

    def __call__(self, scope: MutableMapping[str, Any], exchange: Exchange) -> Work | bool:
        """False: it is not for this; the application itself is called. True: the request is under way and will be
        answered through the exchange. Else: what is to be run as the request's task.
        """
        ...


class Exchange(Protocol):
    """One request and its answer. Once the client has left, answering does nothing."""

    @property
    def turn(self) -> Turn:
        """Of the loop that it is answered in."""
        ...

    def body(self) -> bytes | None:
        """The request's body if all of it has come, None otherwise. `receive` does not give it again."""
        ...

    def whole(
        self,
        status: int,
        headers: RawHeaders,
        body: bytes,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        """The whole answer. `content-length` is added. Args: repeated, also: more headers.  lines: more of them, as
        `kit.http_head.as_lines` writes them."""
        ...

    def start(
        self,
        status: int,
        headers: RawHeaders,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        """The head of an answer in parts. It goes out with the first one."""
        ...

    def part(self, data: bytes) -> bool:
        """Returns: False: the client is slow, and the caller should `drain` before the next part."""
        ...

    async def drain(self) -> None:
        """Return once the client has taken most of what was written, or left."""
        ...

    def on_drained(self, callback: Callable[[], None]) -> None:
        """The same without waiting: call this once the client has taken most of it, and not at all if it leaves."""
        ...

    def end(self, last: bytes = b"") -> None:
        """The last part."""
        ...

    def run(self, work: Work) -> None:
        """As the request's task, whose end is the end of the request: an answer that lacks by then is a 500."""
        ...

    def on_left(self, callback: Callable[[], None] | None) -> None:
        """Call this once if the client leaves before the answer is complete; at once if it has. None takes it back."""
        ...


def exchange_of(scope: MutableMapping[str, Any]) -> Exchange | None:
    """None under another server."""
    return cast(Exchange | None, scope.get(KEY))
