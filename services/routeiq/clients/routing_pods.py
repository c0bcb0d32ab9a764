"""Where the routing service is: a channel and a breaker for each of its pods; the lesser-loaded of two for each call.

An address whose host is a name may stand for several pods. It is looked up at once, every `RESOLVE_EVERY_S`, and after
a failure or a lost connection, at most once a second; until the first answer gRPC looks it up itself. A look-up that
fails changes nothing.

A pod that says goodbye, or dies, loses its connection before a call to it could fail: who is not connected is asked
only if nobody is. Connections are made, and made anew, beside calls."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

import grpc
import structlog
from google.protobuf.message import Message

from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.clients.routing_breaker import Breaker
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.rpc_client import Metadata, open_channel

log = structlog.get_logger()

RESOLVE_EVERY_S = 5.0
"""Pods go some seconds after their name does: whoever looks so often has left them by then."""
RESOLVE_GAP_S = 1.0
RESOLVE_TIMEOUT_S = 5.0
LOOK_S = 0.1
"""How often connections are looked at."""
RETIRE_S = 30.0
"""How long calls to a pod that is gone from the name may still run."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
OpenChannel = Callable[[str], grpc.aio.Channel]


class Pod:
    """One channel. `load`: decisions asked for and not yet answered."""

    __slots__ = ("_channel", "_stub", "_was_connected", "address", "breaker", "load")

    def __init__(self, address: str, breaker: Breaker, channel: grpc.aio.Channel) -> None:
        self.address, self.breaker, self.load = address, breaker, 0
        self._channel, self._was_connected = channel, False
        self._stub = routing_pb2_grpc.RoutingServiceStub(self._channel)  # type: ignore[no-untyped-call]  # generated code

    def connected(self) -> bool:
        """Whether it is. If not, it is tried."""
        state: grpc.ChannelConnectivity = self._channel.get_state(try_to_connect=True)
        return state is grpc.ChannelConnectivity.READY

    def lost(self) -> bool:
        """Whether it has gone since this was asked last."""
        before, self._was_connected = self._was_connected, self.connected()
        return before and not self._was_connected

    async def call(self, method: str, request: Message, timeout_s: float, metadata: Metadata) -> Message:
        """Raises: grpc.aio.AioRpcError."""
        answer: Message = await getattr(self._stub, method)(request, timeout=timeout_s, metadata=metadata)
        return answer

    async def counted(
        self,
        method: str,
        request: Message,
        timeout_s: float,
        metadata: Metadata,
        decisions: int,
        *,
        again: bool = False,
    ) -> Message:
        """The same; load and breaker learn from it. `again`: the breaker has counted this request's first failure.

        Raises: grpc.aio.AioRpcError."""
        self.load += decisions
        try:
            answer = await self.call(method, request, timeout_s, metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                self.breaker.succeeded()  # it answers
            elif not again:
                self.breaker.failed()
            raise
        else:
            self.breaker.succeeded()
            return answer
        finally:
            self.load -= decisions

    async def close(self, grace_s: float | None = None) -> None:
        await self._channel.close(grace_s)


class Pods:
    """The pods of some addresses. Make it inside the running loop; `close` it.

    Args: addresses: `host:port`, comma-separated.  Raises: ConfigurationError: one of them is not."""

    def __init__(
        self,
        addresses: str,
        metrics: RoutingMetrics,
        *,
        resolve_every_s: float = RESOLVE_EVERY_S,
        resolve: Resolve | None = None,
        channel: OpenChannel = open_channel,
    ) -> None:
        self._open_channel = channel
        self._names = split_addresses(addresses)
        self._metrics, self._resolve_every_s, self._resolve = metrics, resolve_every_s, resolve or look_up
        self._pods: list[Pod] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._failed = asyncio.Event()
        self._set([join(host, port) for host, port in self._names])
        named = any(not is_literal(host) for host, _ in self._names)
        self._watch = asyncio.create_task(self._follow(), name="routing-names") if named else None

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(pod.address for pod in self._pods)

    def pick(self, *, other_than: Pod | None = None) -> Pod | None:
        """The lesser-loaded of two random pods whose breaker is closed, of the connected ones if there are such; None
        if there is none.

        Args: other_than: a pod that just failed; it is picked only if it is the last."""
        closed = [pod for pod in self._pods if not pod.breaker.open and pod is not other_than]
        if not closed:
            return other_than if other_than is not None and not other_than.breaker.open else None
        if len(closed) == 1:
            return closed[0]
        return _lesser([pod for pod in closed if pod.connected()] or closed)

    def any(self) -> Pod:
        """The same, and one with an open breaker rather than none."""
        return self.pick() or _lesser(self._pods)

    def take_probes(self) -> list[Pod]:
        """Pods to probe now; `breaker.probed` ends each probe."""
        return [pod for pod in self._pods if pod.breaker.take_probe()]

    def look_again(self) -> None:
        """After a failure: a pod may have moved."""
        self._failed.set()

    async def close(self) -> None:
        """Ends the calls that still run."""
        tasks = [*self._retiring, *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pod in self._pods:
            await pod.close()

    async def _follow(self) -> None:
        while True:
            self._failed.clear()
            await self._look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._resolve_every_s):
                    await asyncio.sleep(min(RESOLVE_GAP_S, self._resolve_every_s))
                    await self._something_lost()

    async def _something_lost(self) -> None:
        while not any(pod.lost() for pod in self._pods):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._failed.wait()
                    return

    async def _look(self) -> None:
        found: list[str] = []
        for host, port in self._names:
            if is_literal(host):
                found.append(join(host, port))
                continue
            try:
                async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                    ips = await self._resolve(host, port)
            except (OSError, TimeoutError, UnicodeError) as error:  # a label that no name can have
                log.info("routing.unresolved", host=host, error=type(error).__name__)
                return
            found += [join(ip, port) for ip in ips]
        self._set(found)

    def _set(self, addresses: Sequence[str]) -> None:
        """Keep the pods that stay, with their connections."""
        if not addresses:
            return
        present = {pod.address: pod for pod in self._pods}
        wanted = dict.fromkeys(addresses)
        self._pods = [present.get(address) or self._open(address) for address in wanted]
        for pod in (pod for address, pod in present.items() if address not in wanted):
            task = asyncio.create_task(_retire(pod), name="routing-retire")
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)
        self._report()

    def _open(self, address: str) -> Pod:
        breaker = Breaker(asyncio.get_running_loop().time, self._changed)
        return Pod(address, breaker, self._open_channel(address))

    def _changed(self) -> None:
        opened = sum(pod.breaker.open for pod in self._pods)
        log.warning("routing.breaker", open=opened, pods=len(self._pods))
        self._report()

    def _report(self) -> None:
        opened = sum(pod.breaker.open for pod in self._pods)
        self._metrics.pods(closed=len(self._pods) - opened, opened=opened)


def split_addresses(text: str) -> tuple[tuple[str, int], ...]:
    """(host, port) of each `host:port`. Raises: ConfigurationError."""
    return tuple(_split(one.strip()) for one in text.split(","))


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigurationError([f"{address!r} is not host:port"])
    return host.removeprefix("[").removesuffix("]"), int(port)


def join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, both families. Raises: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def _retire(pod: Pod) -> None:
    """Let its calls end, but not after `Pods.close`."""
    try:
        await pod.close(RETIRE_S)
    finally:
        await pod.close()


def _lesser(pods: Sequence[Pod]) -> Pod:
    """Two random choices: nearly as even as asking all of them, and no herd runs to one idle pod."""
    if len(pods) == 1:
        return pods[0]
    first = random.randrange(len(pods))
    second = (first + 1 + random.randrange(len(pods) - 1)) % len(pods)
    return min(pods[first], pods[second], key=lambda pod: pod.load)
