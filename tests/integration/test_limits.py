"""Limits by the minute, as two gateways keep them that are processes of their own and share a Redis."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest

from routeiq.kit.counters_redis import EVERY_S
from routeiq.kit.key_files import load_private_key
from tests.support.fake_control import FakeControl
from tests.support.fleet import DOCUMENT, Fleet, fleet_in
from tests.support.limited import MESSAGES, limits
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

GATEWAYS = ("gateway", "gateway-2")
LIMITED, FREE = "sk-that-has-limits-0123456789", "sk-that-has-none-0123456789"
BODY = {"model": "first", "max_tokens": 1, "messages": MESSAGES}


@pytest.fixture
def redis() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@contextlib.asynccontextmanager
async def running(
    folder: Path, redis: Valkey, *processes: str, **environ: str
) -> AsyncIterator[tuple[Fleet, FakeControl]]:
    with fleet_in(folder, {**DOCUMENT, "general_settings": {}}) as made:
        control = FakeControl()
        control.key = load_private_key(folder / "identity.key")
        async with control:
            control.rows.add(FREE)
            made.environ = {
                "ROUTEIQ_GATEWAY_CONTROL_ADDRESS": control.address, "ROUTEIQ_GATEWAY_REDIS_URL": redis.url, **environ,
            }  # fmt: skip
            for process in processes:
                made.start(process)
            for process in processes:
                await asyncio.to_thread(made.wait, process)
            yield made, control


async def fresh_minute(needed_s: float = 30.0) -> None:
    """So much is left of this one."""
    left = 60 - time.time() % 60
    if left < needed_s:
        await asyncio.sleep(left + 0.05)


async def ask(client: httpx.AsyncClient, fleet: Fleet, process: str, key: str = LIMITED) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return await client.post(f"{fleet.url_of(process)}/v1/chat/completions", json=BODY, headers=headers)


async def metric(client: httpx.AsyncClient, fleet: Fleet, process: str, name: str) -> float:
    text = (await client.get(f"http://127.0.0.1:{fleet.ports[f'{process}-ops']}/metrics")).text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


async def until_joined(client: httpx.AsyncClient, fleet: Fleet, joined: bool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for process in GATEWAYS:
            while bool(await metric(client, fleet, process, "gateway_limits_joined")) != joined:
                await asyncio.sleep(0.05)


async def test_openais_client_hears_its_limits_and_when_to_come_again(tmp_path: Path, redis: Valkey) -> None:
    async with running(tmp_path, redis, "gateway") as (fleet, control):
        control.rows.add(LIMITED, limits=limits(rpm=2, tpm=10_000))
        await fresh_minute()
        async with openai.AsyncOpenAI(base_url=f"{fleet.url}/v1", api_key=LIMITED, max_retries=0) as client:
            whole = await client.chat.completions.with_raw_response.create(**BODY)  # type: ignore[call-overload]  # JSON
            assert (whole.headers["x-ratelimit-limit"], whole.headers["x-ratelimit-remaining"]) == ("2", "1")
            assert 0 < int(whole.headers["x-ratelimit-reset"]) - time.time() <= 60
            stream = await client.chat.completions.with_raw_response.create(**BODY, stream=True)  # type: ignore[call-overload]  # JSON
            assert stream.headers["x-ratelimit-remaining-requests"] == "0"
            assert [one async for one in stream.parse()]
            with pytest.raises(openai.RateLimitError) as refused:
                await client.chat.completions.create(**BODY, stream=True)  # type: ignore[call-overload]  # JSON
        assert refused.value.code == "rate_limit_exceeded"
        assert refused.value.type == "rate_limit_error"
        headers = refused.value.response.headers
        assert abs(float(headers["retry-after"]) - (int(headers["x-ratelimit-reset"]) - time.time())) < 2
        assert (headers["x-ratelimit-remaining-requests"], headers["rate_limit_type"]) == ("0", "requests")
        async with httpx.AsyncClient(timeout=PATIENCE_S) as plain:
            count = await metric(plain, fleet, "gateway", "gateway_rate_limited_total{")
            assert count == 1


async def paced(ask_once: Callable[[], asyncio.Task[httpx.Response]], count: int, every_s: float) -> list[int]:
    tasks = []
    for _ in range(count):
        tasks.append(ask_once())
        await asyncio.sleep(every_s)
    return [(await task).status_code for task in tasks]


async def test_two_gateways_together_keep_one_limit(tmp_path: Path, redis: Valkey) -> None:
    most, every_s = 40, 0.025
    async with running(tmp_path, redis, *GATEWAYS) as (fleet, control), httpx.AsyncClient(timeout=PATIENCE_S) as client:
        control.rows.add(LIMITED, limits=limits(rpm=most))
        await until_joined(client, fleet, joined=True)
        await fresh_minute()

        def asking(process: str) -> Callable[[], asyncio.Task[httpx.Response]]:
            return lambda: asyncio.ensure_future(ask(client, fleet, process))

        answers = await asyncio.gather(*(paced(asking(process), 60, every_s) for process in GATEWAYS))
        let_in = sum(status == 200 for each in answers for status in each)
        within_two_rounds = len(GATEWAYS) * (2 * EVERY_S + 0.1) / every_s  # and what a busy machine takes
        assert most <= let_in <= most + within_two_rounds
        assert [each[-1] for each in answers] == [429, 429]


async def test_without_redis_each_goes_on_alone_and_then_they_are_joined_again(tmp_path: Path, redis: Valkey) -> None:
    async with running(tmp_path, redis, *GATEWAYS) as (fleet, control), httpx.AsyncClient(timeout=PATIENCE_S) as client:
        control.rows.add(LIMITED, limits=limits(rpm=4))
        await until_joined(client, fleet, joined=True)
        for process in GATEWAYS:  # their keys are known, and nothing is counted yet
            await ask(client, fleet, process, FREE)
        await fresh_minute()
        assert (await ask(client, fleet, "gateway")).headers["x-ratelimit-remaining"] == "3"
        redis.kill()
        for number in range(20):
            answer = await ask(client, fleet, GATEWAYS[number % 2], FREE if number > 5 else LIMITED)
            assert answer.status_code == 200
        assert [(await ask(client, fleet, process)).status_code for process in GATEWAYS] == [429, 200]
        await until_joined(client, fleet, joined=False)
        redis.start()
        await until_joined(client, fleet, joined=True)
        await asyncio.sleep(0.3)
        assert [(await ask(client, fleet, process)).status_code for process in GATEWAYS] == [429, 429]


async def test_closed_none_that_has_a_limit_is_let_in_without_redis(tmp_path: Path, redis: Valkey) -> None:
    closed = {"ROUTEIQ_GATEWAY_LIMITS_WITHOUT_REDIS": "closed"}
    async with (
        running(tmp_path, redis, *GATEWAYS, **closed) as (fleet, control),
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
    ):
        control.rows.add(LIMITED, limits=limits(rpm=100))
        await until_joined(client, fleet, joined=True)
        assert (await ask(client, fleet, "gateway")).status_code == 200
        redis.kill()
        await until_joined(client, fleet, joined=False)
        refused = await ask(client, fleet, "gateway")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "limits_unavailable")
        assert refused.headers["retry-after"] == "1"
        assert (await ask(client, fleet, "gateway", FREE)).status_code == 200
        redis.start()
        await until_joined(client, fleet, joined=True)
        assert (await ask(client, fleet, "gateway")).status_code == 200
