"""What the stages of one request share. Made at the edge, read by every stage, seen by no other request."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.config.state import State
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.plan import Endpoint


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A request whose caller is known. `headers`: the first value of each. `path_model`: the model in its path."""

    request_id: str
    caller: Caller
    state: State
    endpoint: Endpoint
    headers: Mapping[bytes, bytes]
    path_model: str | None = None


class Purpose(msgspec.Struct, frozen=True, gc=False):
    """What a request of the LLM Gateway API says of itself: its customer, the service that asks, the kind of task."""

    user_id: str
    service: str
    task_type: str


class Call(msgspec.Struct, frozen=True, gc=False):
    """A caller's request, parsed one level deep: values stay bytes until a stage needs one."""

    endpoint: Endpoint
    body: Mapping[str, msgspec.Raw]
    model: str
    stream: bool


class Context(msgspec.Struct, frozen=True, gc=False):
    """One request: who asks, what for, and which version of the configuration answers."""

    request_id: str
    caller: Caller
    state: State
    call: Call
    headers: Mapping[bytes, bytes]
    """The first value of each, names in lower case."""
    started: float
    """On the clock of `time.monotonic`, as is every deadline."""
    purpose: Purpose | None = None
    """None: it came by another API."""

    def header(self, name: bytes) -> str | None:
        """The first value of a header, decoded; `name` in lower case."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")
