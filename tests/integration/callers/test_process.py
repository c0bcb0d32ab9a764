"""A gateway as its settings make it: a process of its own, with control and Redis beside it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from routeiq.kit.crypto import generate
from routeiq.kit.key_files import load_private_key
from tests.integration.callers.conftest import VIRTUAL
from tests.support.fake_control import FakeControl
from tests.support.fleet import DOCUMENT, HEADERS, Fleet, fleet_in
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

BODY = {"model": "first", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
CALLERS = ({"authorization": f"Bearer {VIRTUAL}"}, HEADERS, {"x-api-key": "sk-nobody"})


@pytest.fixture
async def fleet(tmp_path: Path, valkey: Valkey) -> AsyncIterator[tuple[Fleet, FakeControl]]:
    document = {**DOCUMENT, "general_settings": {}}
    with fleet_in(tmp_path, document) as made:
        control = FakeControl()
        control.key = load_private_key(tmp_path / "identity.key")
        async with control:
            made.environ = {
                "ROUTEIQ_GATEWAY_CONTROL_ADDRESS": control.address,
                "REDIS_HOST": "127.0.0.1",
                "REDIS_PORT": str(valkey.port),
                "ROUTEIQ_ENCRYPTION_KEY": generate(),
                "SERVICE_KEYS": "one-service-key-of-tests, another-of-the-tests",
            }
            yield made, control


async def start(fleet: Fleet) -> None:
    fleet.start("gateway")
    await asyncio.to_thread(fleet.wait, "gateway")


async def chat(fleet: Fleet, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        return (await client.post(f"{fleet.url}/v1/chat/completions", json=BODY, headers=headers)).status_code


async def test_a_restart_without_control_leaves_known_keys_and_the_master_key(fleet: tuple[Fleet, FakeControl]) -> None:
    made, control = fleet
    control.rows.add(VIRTUAL)
    await start(made)
    assert [await chat(made, headers) for headers in CALLERS] == [200, 200, 401]
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        metrics = (await client.get(f"http://127.0.0.1:{made.ports['gateway-ops']}/metrics")).text
        assert 'gateway_control_lookups_total{outcome="asked",what="key"} 2.0' in metrics
        assert 'gateway_control_lookups_total{outcome="unknown",what="key"} 1.0' in metrics
        named = {"x-service-key": "another-of-the-tests"}
        assert (await client.get(f"{made.url}/api/v1/nothing-here", headers=named)).status_code == 404
    await control.kill()
    await asyncio.to_thread(made.stop, "gateway", signal.SIGKILL)
    await start(made)
    assert [await chat(made, headers) for headers in CALLERS] == [200, 200, 503]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SERVICE_KEYS", "dev-gateway-key", "SERVICE_KEYS: one of them is a well-known example key"),
        ("ROUTEIQ_GATEWAY_CONTROL_ADDRESS", "nowhere", "ROUTEIQ_GATEWAY_CONTROL_ADDRESS: "),
        ("ROUTEIQ_GATEWAY_REDIS_URL", "localhost:6379", "ROUTEIQ_GATEWAY_REDIS_URL: not redis://"),
        ("ROUTEIQ_ENCRYPTION_KEY", "secret", "ROUTEIQ_ENCRYPTION_KEY holds no key"),
    ],
)
async def test_bad_settings_are_named(fleet: tuple[Fleet, FakeControl], name: str, value: str, said: str) -> None:
    made, _ = fleet
    made.environ[name] = value
    made.start("gateway")
    assert await asyncio.to_thread(made.processes.pop("gateway").wait, 30) != 0
    log = (made.folder / "gateway.log").read_text()
    assert said in log
    assert value not in log or value == "nowhere"
