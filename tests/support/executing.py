"""What an executor needs in tests: a clock that only moves when it is told, a provider that follows a script."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from routeiq.config.state import Deployment, DeploymentId, Group, ModelName, RoutingSettings, State
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.meter import DeploymentMeter
from routeiq.gateway.plan import NO_FALLBACKS, Decision, Fallbacks, Outcome, Plan
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse, UpstreamTimeout
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.asgi import Answer, Message
from tests.support.twins import ANSWER, FRAMES, SSE_HEADERS, deployment

START = 1000.0


class FakeClock:
    """Seconds on a clock of its own. `sleep` moves it and remembers how far."""

    def __init__(self) -> None:
        self.now = START
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Says:
    """One answer of an upstream. `seconds`: how long it takes; over the call's time-out it is a time-out."""

    status: int = 200
    code: str = ""
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.1
    raises: Callable[[], BaseException] | None = None
    frames: Sequence[bytes] = FRAMES
    breaks: bool = False
    """The stream ends early, after `frames`."""
    page: bytes = b""
    """Instead of the usual answer."""
    hangs: bool = False
    """Never ends, in real time: for cancelling. A stream hangs after `frames`."""

    @property
    def body(self) -> bytes:
        if self.status < 400:
            return self.page or ANSWER
        return json.dumps({"error": {"message": self.message, "type": "t", "param": None, "code": self.code}}).encode()


FINE = Says()
GONE = Says(raises=lambda: UpstreamFailed("nobody there"))


def says(status: int, code: str = "", **headers: str) -> Says:
    """A refusal; `retry_after="2"` is its header."""
    return Says(status, code, headers={name.replace("_", "-"): value for name, value in headers.items()})


class ScriptedResponse:
    """The answer of a `Says`."""

    def __init__(self, said: Says, *, stream: bool) -> None:
        self.status = said.status
        self.headers = {**(SSE_HEADERS if stream and said.status < 400 else {}), **said.headers}
        self._said = said
        self._stream = stream
        self.closed = False

    async def read(self) -> bytes:
        return self._said.body

    async def chunks(self) -> AsyncIterator[bytes]:
        for frame in self._said.frames:
            yield frame
        if self._said.hangs:
            await asyncio.sleep(3600)
        if self._said.breaks:
            raise UpstreamFailed("the upstream ended early")

    async def close(self) -> None:
        self.closed = True


class ScriptedProvider:
    """Follows the script of each deployment, by id, its last line again and again; without a script it answers."""

    def __init__(self, clock: FakeClock, script: Mapping[str, Sequence[Says]] | None = None) -> None:
        self.clock = clock
        self._script = {name: list(lines) for name, lines in (script or {}).items()}
        self.calls: list[str] = []
        self.requests: list[tuple[UpstreamRequest, Deployment]] = []
        self.called_at: list[float] = []
        self.responses: list[ScriptedResponse] = []
        self.said: list[Says] = []
        self.too_early: list[str] = []
        """Who was called again before its `Retry-After` was over."""
        self._not_before: dict[str, float] = {}

    async def send(self, request: UpstreamRequest, one: Deployment) -> UpstreamResponse:
        said = self.called(request, one)
        if said.hangs and not (request.stream and said.frames):
            await asyncio.sleep(3600)
        await asyncio.sleep(0)
        return self.response(said, request, one)

    def called(self, request: UpstreamRequest, one: Deployment) -> Says:
        """A call is made: what will come of it."""
        self.calls.append(one.id)
        self.requests.append((request, one))
        self.called_at.append(self.clock.now)
        said = self._next(one.id)
        if self.clock.now < self._not_before.get(one.id, 0.0):
            self.too_early.append(one.id)
        self.clock.now += min(said.seconds, request.timeout_s)
        return said

    def response(self, said: Says, request: UpstreamRequest, one: Deployment) -> ScriptedResponse:
        """What has come of it. Raises: what the script says."""
        if said.seconds > request.timeout_s:
            raise UpstreamTimeout("too slow")
        if said.raises is not None:
            raise said.raises()
        self.said.append(said)
        if said.headers.get("retry-after", "x").isdigit():
            self._not_before[one.id] = self.clock.now + float(said.headers["retry-after"])
        self.responses.append(ScriptedResponse(said, stream=request.stream))
        return self.responses[-1]

    def _next(self, name: str) -> Says:
        lines = self._script.get(name) or [FINE]
        return lines.pop(0) if len(lines) > 1 else lines[0]

    async def close(self) -> None:
        """Nothing is open."""


class Client:
    """What reached the client, and the outcomes that were reported."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.outcomes: list[Outcome] = []
        self.begun = asyncio.Event()
        self.answer = Answer(self.send, [])

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self.begun.set()

    @property
    def outcome(self) -> Outcome:
        (only,) = self.outcomes
        return only

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def member(name: str, group: str = "g", **fields: object) -> Deployment:
    """A deployment of a group, whose id, candidate and model are its name."""
    base: dict[str, object] = {"id": DeploymentId(name), "group": ModelName(group), "candidate": name}
    return deployment(name, **(base | fields))


def plan(
    *deployments: Deployment,
    clock: FakeClock,
    within_s: float = 60.0,
    retries: int = 2,
    fallbacks: Fallbacks = NO_FALLBACKS,
    stream: bool = False,
    pause_s: float = 0.0,
    by_status: Mapping[int, int] | None = None,
) -> Plan:
    """A plan to call `deployments`, the first of them chosen."""
    decision = Decision("d", deployments[0].candidate, "s", "r")
    return Plan(
        "r1", Endpoint.CHAT, {}, stream, (), deployments, decision, clock.now + within_s, retries, "v",
        fallbacks, pause_s, by_status or {},
    )  # fmt: skip


def serving(*deployments: Deployment, routing: RoutingSettings | None = None) -> State:
    """A state of the groups that the deployments name."""
    names = dict.fromkeys(one.group for one in deployments)
    groups = {name: Group(name, tuple(one for one in deployments if one.group == name)) for name in names}
    return State("v", groups, routing or RoutingSettings())


class Calling:
    """A `Caller` of twins; its parts are at hand."""

    def __init__(self, state: State, script: Mapping[str, Sequence[Says]] | None = None) -> None:
        self.clock = FakeClock()
        self.registry = CollectorRegistry()
        self.provider = ScriptedProvider(self.clock, script)
        self.script = script
        self.figures = Figures(clock=self.clock)
        self.cooldowns = Cooldowns(state, self.figures, DeploymentMeter(self.registry))
        self.caller = Caller(lambda _: self.provider, self.figures, self.cooldowns, self.clock.sleep, random.Random(7))

    def live_in_flight(self, *names: str) -> int:
        return sum(self.figures.of(DeploymentId(name)).in_flight for name in names)
