"""What the stages of one request share. Made at the edge, read by every stage, seen by no other request."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.config.state import State
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.endpoint import Endpoint


class Arrival:
    """A request whose caller is known. `headers`: the first value of each. `path_model`: the model in its path."""

    __slots__ = ("caller", "endpoint", "headers", "path_model", "request_id", "state")

    def __init__(
        self,
        request_id: str,
        caller: Caller,
        state: State,
        endpoint: Endpoint,
        headers: Mapping[bytes, bytes],
        path_model: str | None = None,
    ) -> None:
        self.request_id, self.caller, self.state = request_id, caller, state
        self.endpoint, self.headers, self.path_model = endpoint, headers, path_model


class Purpose:
    """What a request of the LLM Gateway API says of itself: its customer, the service that asks, the kind of task."""

    __slots__ = ("service", "task_type", "user_id")

    def __init__(self, user_id: str, service: str, task_type: str) -> None:
        self.user_id, self.service, self.task_type = user_id, service, task_type


class Call:
    """A caller's request, parsed one level deep: values stay bytes until a stage needs one."""

    __slots__ = ("body", "endpoint", "model", "stream")

    def __init__(self, endpoint: Endpoint, body: Mapping[str, msgspec.Raw], model: str, stream: bool) -> None:
        self.endpoint, self.body, self.model, self.stream = endpoint, body, model, stream


class Context:
    """One request: who asks, what for, and which version of the configuration answers."""

    __slots__ = ("call", "caller", "headers", "purpose", "request_id", "started", "state")

    def __init__(
        self,
        request_id: str,
        caller: Caller,
        state: State,
        call: Call,
        headers: Mapping[bytes, bytes],
        started: float,
        purpose: Purpose | None = None,
    ) -> None:
        self.request_id, self.caller, self.state, self.call = request_id, caller, state, call
        self.headers = headers
        """The first value of each, names in lower case."""
        self.started = started
        """On the clock of `time.monotonic`, as is every deadline."""
        self.purpose = purpose
        """None: it came by another API."""

    def header(self, name: bytes) -> str | None:
        """The first value of a header, decoded; `name` in lower case."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")
