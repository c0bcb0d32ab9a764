"""The second port: probes and metrics, and nothing for anybody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter

from routeiq.kit.asgi import Message
from routeiq.kit.health import Readiness
from routeiq.kit.lifespan import live
from routeiq.kit.ops import OpsApp
from tests.support.asgi import call, scope


def ops(**readiness: bool) -> OpsApp:
    registry = CollectorRegistry()
    Counter("some_things", "Things", registry=registry).inc()
    return OpsApp(Readiness("gateway", **readiness), registry)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_lives_says_so(method: str) -> None:
    answer = await call(ops(), scope(method, "/_health/live"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {"status": "alive", "service": "gateway"}


@pytest.mark.parametrize(("readiness", "status"), [({}, 503), ({"serving": True}, 200), ({"draining": True}, 503)])
async def test_traffic_may_come_only_while_it_serves(readiness: dict[str, bool], status: int) -> None:
    assert (await call(ops(**readiness), scope("GET", "/_health/ready"))).status == status


async def test_metrics_are_prometheus_text() -> None:
    answer = await call(ops(), scope("GET", "/metrics"))
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"some_things_total 1.0" in answer.body


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"), [("GET", "/", 404, None), ("POST", "/metrics", 405, "GET, HEAD")]
)
async def test_there_is_nothing_else(method: str, path: str, status: int, allow: str | None) -> None:
    answer = await call(ops(), scope(method, path))
    assert (answer.status, answer.headers.get("allow")) == (status, allow)


class Server:
    """The server's side of a lifespan scope."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def receive(self) -> Message:
        return {"type": "lifespan.shutdown" if self.heard else "lifespan.startup"}

    async def send(self, message: Message) -> None:
        self.heard.append(message["type"])


@asynccontextmanager
async def inside(opens: bool = True, closes: bool = True) -> AsyncIterator[None]:
    if not opens:
        raise OSError("cannot open")
    yield
    if not closes:
        raise OSError("cannot close")


async def test_a_lifespan_is_opened_and_closed() -> None:
    server = Server()
    await live(inside(), server.receive, server.send)
    assert server.heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("opens", "heard"),
    [(False, ["lifespan.startup.failed"]), (True, ["lifespan.startup.complete", "lifespan.shutdown.failed"])],
)
async def test_what_fails_is_told_and_raised(opens: bool, heard: list[str]) -> None:
    server = Server()
    with pytest.raises(OSError, match="cannot"):
        await live(inside(opens=opens, closes=False), server.receive, server.send)
    assert server.heard == heard
