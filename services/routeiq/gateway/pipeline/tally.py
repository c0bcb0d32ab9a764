"""What an executor says while it executes, so that a request is billed right also if this process dies meanwhile.

It is said before it happens: what is not yet sent may be billed, what was sent is never forgotten."""

from __future__ import annotations

from typing import Protocol

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Usage


class Tally(Protocol):
    """Of one request. None of it waits, and none of it fails."""

    def calling(self, deployment: Deployment) -> None:
        """Before each call of an upstream."""
        ...

    def called_off(self) -> None:
        """The call that was said last is not made."""
        ...

    def relaying(self, sent: int, events: int) -> None:
        """Before a piece of an answer goes to the client. Args: sent: its bytes.  events: the tokens that it has come
        to, counted on the way: events with content, mostly."""
        ...

    def reported(self, usage: Usage, *, final: bool = True) -> None:
        """What the upstream says that it comes to, before the client gets it. Args: final: False: so far."""
        ...


class NoTally:
    """Of a request that nobody bills."""

    __slots__ = ()

    def calling(self, deployment: Deployment) -> None: ...

    def called_off(self) -> None: ...

    def relaying(self, sent: int, events: int) -> None: ...

    def reported(self, usage: Usage, *, final: bool = True) -> None: ...


NO_TALLY = NoTally()
