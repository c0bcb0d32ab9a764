"""Which pods there are, and which one is asked. No channel is used, so none connects."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.clients.routing_breaker import FAILURES
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.clients.routing_pods import Pods, look_up, split_addresses
from routeiq.kit.errors import ConfigurationError
from tests.support.waiting import until


class Names:
    """A resolver whose answer tests change; None fails."""

    def __init__(self, *ips: str) -> None:
        self.ips: tuple[str, ...] | None = ips
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        if self.ips is None:
            raise OSError("no such name")
        return self.ips


class Channels:
    """Stands for connections: `ready` are the addresses that have one, `tried` those that were to get one."""

    def __init__(self, *ready: str) -> None:
        self.ready, self.tried = set(ready), set[str]()

    def __call__(self, address: str) -> Channels.One:
        return self.One(self, address)

    class One:
        def __init__(self, all_: Channels, address: str) -> None:
            self._all, self._address = all_, address

        def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
            self._all.tried |= {self._address} if try_to_connect else set()
            state = grpc.ChannelConnectivity
            return state.READY if self._address in self._all.ready else state.CONNECTING

        def unary_unary(self, *_: object, **__: object) -> None: ...

        async def close(self, _: float | None = None) -> None: ...


@asynccontextmanager
async def following(
    addresses: str, names: Names | None = None, every_s: float = 0.01, channels: Channels | None = None
) -> AsyncIterator[Pods]:
    metrics = RoutingMetrics(CollectorRegistry())
    resolve, channel = names or Names("10.0.0.9"), channels or Channels()
    pods = Pods(addresses, metrics, resolve_every_s=every_s, resolve=resolve, channel=channel)  # type: ignore[arg-type]  # as much of one as is used
    try:
        yield pods
    finally:
        await pods.close()


async def test_literal_addresses_are_pods_and_are_never_looked_up() -> None:
    names = Names()
    async with following("10.0.0.1:1, 10.0.0.2:2,[::1]:3", names) as pods:
        await asyncio.sleep(0.03)
        assert (pods.addresses, names.asked) == (("10.0.0.1:1", "10.0.0.2:2", "[::1]:3"), 0)


async def test_a_name_is_one_pod_until_it_is_looked_up_and_then_each_of_its_addresses() -> None:
    async with following("routing:50051,10.0.0.1:1", Names("10.1.0.1", "fd00::1")) as pods:
        assert pods.addresses == ("routing:50051", "10.0.0.1:1")
        await until(lambda: len(pods.addresses) == 3)
        assert pods.addresses == ("10.1.0.1:50051", "[fd00::1]:50051", "10.0.0.1:1")


async def test_pods_that_stay_keep_their_channel() -> None:
    names = Names("10.1.0.1", "10.1.0.2")
    async with following("routing:1", names) as pods:
        await until(lambda: len(pods.addresses) == 2)
        kept = next(pod for pod in (pods.any() for _ in range(99)) if pod.address == "10.1.0.2:1")
        names.ips = ("10.1.0.2", "10.1.0.3")
        await until(lambda: pods.addresses == ("10.1.0.2:1", "10.1.0.3:1"))
        assert kept in {pods.any() for _ in range(99)}


@pytest.mark.parametrize("answer", [None, ()])
async def test_a_failed_look_up_changes_nothing(answer: tuple[str, ...] | None) -> None:
    names = Names("10.1.0.1")
    async with following("routing:1", names) as pods:
        await until(lambda: pods.addresses == ("10.1.0.1:1",))
        names.ips, before = answer, names.asked
        await until(lambda: names.asked > before + 1)
        assert pods.addresses == ("10.1.0.1:1",)


async def test_a_failure_looks_again_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routeiq.clients.routing_pods.RESOLVE_GAP_S", 0.01)
    names = Names("10.1.0.1")
    async with following("routing:1", names, every_s=60) as pods:
        await until(lambda: names.asked == 1)
        names.ips = ("10.1.0.2",)
        pods.look_again()
        await until(lambda: names.asked == 2)
        await until(lambda: pods.addresses != ("10.1.0.1:1",))
        assert pods.addresses == ("10.1.0.2:1",)


async def test_a_lost_connection_looks_again_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routeiq.clients.routing_pods.RESOLVE_GAP_S", 0.01)
    names, channels = Names("10.1.0.1"), Channels("10.1.0.1:1")
    async with following("routing:1", names, 60, channels) as pods:
        await until(lambda: pods.addresses == ("10.1.0.1:1",))
        await asyncio.sleep(0.15)
        assert names.asked == 1
        names.ips = ("10.1.0.2",)
        channels.ready.clear()
        await until(lambda: pods.addresses == ("10.1.0.2:1",))


async def test_who_is_not_connected_is_asked_only_if_nobody_is() -> None:
    channels = Channels("10.0.0.1:1", "10.0.0.2:1")
    async with following("10.0.0.1:1,10.0.0.2:1,10.0.0.3:1", channels=channels) as pods:
        assert {pod.address for pod in (pods.any() for _ in range(99))} == channels.ready
        assert channels.tried == set(pods.addresses), "who is not connected is to be, beside calls"
        channels.ready.clear()
        assert {pod.address for pod in (pods.any() for _ in range(99))} == set(pods.addresses)


async def test_the_lesser_loaded_is_asked() -> None:
    async with following("10.0.0.1:1,10.0.0.2:1") as pods:
        busy = pods.any()
        busy.load = 3
        assert {pods.pick() for _ in range(20)} - {busy} == {pods.pick()}


async def test_load_spreads_over_equal_pods() -> None:
    async with following("10.0.0.1:1,10.0.0.2:1,10.0.0.3:1") as pods:
        shares = Counter(pod.address for pod in (pods.pick() for _ in range(3000)) if pod)
        assert min(shares.values()) > 800


async def test_a_pod_that_fails_is_left_out_and_another_one_is_asked() -> None:
    async with following("10.0.0.1:1,10.0.0.2:1") as pods:
        bad = pods.any()
        assert pods.pick(other_than=bad) not in (bad, None)
        for _ in range(FAILURES):
            bad.breaker.failed()
        assert bad not in {pods.pick() for _ in range(20)}


async def test_the_only_pod_is_asked_again_unless_its_breaker_is_open() -> None:
    async with following("10.0.0.1:1") as pods:
        only = pods.any()
        assert pods.pick(other_than=only) is only
        for _ in range(FAILURES):
            only.breaker.failed()
        assert (pods.pick(), pods.pick(other_than=only), pods.any()) == (None, None, only)


async def test_breakers_are_counted() -> None:
    registry = CollectorRegistry()
    pods = Pods("10.0.0.1:1,10.0.0.2:1", RoutingMetrics(registry), channel=Channels())  # type: ignore[arg-type]  # as above
    one = pods.any()
    for _ in range(FAILURES):
        one.breaker.failed()
    text = generate_latest(registry).decode()
    assert 'gateway_routing_pods{breaker="open"} 1.0' in text
    assert 'gateway_routing_pods{breaker="closed"} 1.0' in text
    await pods.close()


@pytest.mark.parametrize("text", ["", "host", ":1", "host:", "host:x", "host:0", "host:70000", "a:1,,b:2"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="host:port"):
        split_addresses(text)


async def test_the_machine_knows_itself() -> None:
    assert set(await look_up("localhost", 1)) & {"127.0.0.1", "::1"}
