"""Health and its pages: what probes see, and what only a key sees."""

from __future__ import annotations

import asyncio
import json

import pytest

from routeiq.config.state import RoutingSettings
from routeiq.gateway.app import create_app
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, CHAT, edge, make_gateway
from tests.support.twins import TwinProvider, TwinResponse, TwinRouting, decision, deployment, state


async def test_health_lists_cooled_deployments_with_the_reason() -> None:
    served = state(deployment("m", id="eu"), deployment("m", id="us"), routing=RoutingSettings(num_retries=1))
    gateway = make_gateway(served, TwinProvider(TwinResponse(429, [b"{}"]), TwinResponse()), TwinRouting(decision("m")))
    app = create_app(gateway)
    answer = await call(app, scope(headers=[AUTH]), CHAT.replace(b"auto", b"m"))
    health = json.loads((await call(app, scope("GET", "/health", [AUTH]))).body)
    (cooled,) = health["unhealthy_endpoints"]
    assert (answer.status, health["healthy_count"], health["unhealthy_count"]) == (200, 1, 1)
    assert (cooled["model"], cooled["reason"], 0 < cooled["cooldown_s"] <= 5) == ("m", "status_429", True)
    assert answer.headers["x-routeiq-attempts"].startswith(f"m#{cooled['model_id']}=429,m#")


async def test_health_tells_strangers_little() -> None:
    stranger = json.loads((await call(edge(), scope("GET", "/health"))).body)
    known = json.loads((await call(edge(), scope("GET", "/health", [AUTH]))).body)
    assert set(stranger) == {"status", "version"}
    assert known["healthy_count"] == 2


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/health/liveliness", "I'm alive!"),
        ("/health/readiness", "healthy"),
        ("/_health/live", "alive"),
        ("/_health/ready", "ready"),
        ("/metrics", "gateway_request"),
    ],
)
async def test_probes_need_no_key(path: str, text: str) -> None:
    answer = await call(edge(), scope("GET", path))
    assert answer.status == 200
    assert text in answer.body.decode()


async def test_neither_probes_nor_models_need_fastapi() -> None:
    app = edge()
    await call(app, scope("GET", "/health", [AUTH]))
    await call(app, scope(headers=[AUTH]), CHAT)
    assert app._api is None
    answers = await asyncio.gather(*(call(app, scope("GET", "/v1/models", [AUTH])) for _ in range(2)))
    assert [answer.status for answer in answers] == [200, 200]
    assert app._api is not None
