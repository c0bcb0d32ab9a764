"""A gateway's edge under its own server, with a control of the test's beside it. Sockets are real, upstreams twins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from routeiq.clients.control import ControlClient
from routeiq.config.state import State
from routeiq.gateway.app import create_app
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.callers.lookup import Timing
from routeiq.gateway.callers.overrides import Overrides
from routeiq.gateway.callers.second_level import SecondLevel
from routeiq.gateway.gateway import Gateway
from tests.support.fake_control import FakeControl
from tests.support.gateway import KEY, make_gateway
from tests.support.http_server import serving
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, state
from tests.support.waiting import PATIENCE_S

VIRTUAL = "sk-a-virtual-key-of-the-tests"


class Clock:
    """Goes on by itself only as far as a test says."""

    def __init__(self, at: float = 1_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def served(**fields: object) -> State:
    return state(deployment("small"), deployment("large"), deployment("huge"), **fields)


@dataclass
class House:
    """One gateway."""

    url: str
    gateway: Gateway
    callers: Callers
    control: ControlClient
    provider: TwinProvider
    clock: Clock
    client: httpx.AsyncClient

    async def chat(self, key: str = VIRTUAL, model: str = "small", **body: object) -> httpx.Response:
        sent = {"model": model, "messages": [{"role": "user", "content": "hi"}], **body}
        return await self.client.post("/v1/chat/completions", json=sent, headers={"authorization": f"Bearer {key}"})

    async def get(self, path: str, key: str = VIRTUAL) -> httpx.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {key}"})


@contextlib.asynccontextmanager
async def house(
    control: FakeControl,
    *,
    served: State | None = None,
    second: SecondLevel | None = None,
    timing: Timing | None = None,
    timeout_s: float = PATIENCE_S,
    capacity: int = 10_000,
    strict: bool = False,
) -> AsyncIterator[House]:
    clock, provider, client = Clock(), TwinProvider(), control.client(timeout_s=timeout_s)
    callers = Callers(client, second=second, timing=timing, capacity=capacity, clock=clock)
    overrides = Overrides(client, timing=timing, clock=clock)
    gateway = make_gateway(
        served or state(deployment("small"), deployment("large")),
        provider,
        TwinRouting(decision("large")),
        callers=callers,
        overrides=overrides,
        service_keys=("a-service-key-of-the-tests",),
        strict=strict,
    )
    edge = create_app(gateway)
    async with serving(edge, at_once=edge.at_once) as server:
        url = f"http://{server.address}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            yield House(url, gateway, callers, client, provider, clock, http)
    await callers.close()
    await overrides.close()
    await client.close()


@pytest.fixture
async def control() -> AsyncIterator[FakeControl]:
    async with FakeControl() as running:
        yield running


__all__ = ["KEY", "VIRTUAL", "House", "house", "served"]
