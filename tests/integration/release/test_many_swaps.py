"""Hundreds of documents, one after the other under traffic: nothing of those before is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from routeiq.gateway.gateway import Gateway
from routeiq.gateway.upstream.http_slots import IDLE_S
from tests.support.documents import applying, text_of
from tests.support.fleet_gateways import gateway, settings
from tests.support.memory import held_kib
from tests.support.processes import FakeProvider, fake_provider

pytestmark = pytest.mark.timeout(900)  # three hundred documents, and then what a connection may idle
WARM, MANY = 60, 300
GROWTH_MIB = 4
"""A document of 60 deployments that stayed would be half of one. Metrics keep the names of models."""
PATIENCE_S = IDLE_S + 60
"""For connections that a busy machine has opened beside each other: those that idle are closed."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeProvider]:
    with fake_provider() as running:
        yield running


def document(number: int, api_base: str) -> str:
    """Names, ids and addresses of its own; and one model that all of them have."""
    simulated = text_of("stays", *(f"m{number}-{one}" for one in range(50)))
    called = "".join(
        f"- {{model_name: real-{one}, litellm_params: "
        f"{{model: openai/x, api_base: '{api_base}', api_key: k{number}-{one}}}}}\n"
        for one in range(10)
    )
    aliases = f"router_settings: {{model_group_alias: {{alias-{number}: stays}}}}\n"
    return (
        f"{simulated}{called}{aliases}routeiq: {{overrides: [], log_level: warning, body_limit_mb: {1 + number % 5}}}\n"
    )


def held_mib() -> float:
    """After what nobody needs is gone."""
    gc.collect()
    return held_kib() / 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def swap(built: Gateway, client: AsyncOpenAI, numbers: range, api_base: str) -> tuple[float, int, int]:
    """Memory, threads and open files after those."""
    assert built.release is not None
    for number in numbers:
        await built.release.applier.apply(applying(number, document(number, api_base)))
        for model in (f"m{number}-7", "stays", f"alias-{number}", "real-3"):
            await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": str(number)}], max_tokens=1
            )
        with suppress(Exception):
            await client.chat.completions.create(model=f"m{number - 1}-7", messages=[])
    await asyncio.sleep(0.2)
    return held_mib(), threading.active_count(), open_files()


async def test_no_memory_thread_or_file_is_left(tmp_path: Path, upstream: FakeProvider) -> None:
    (tmp_path / "own.yaml").write_text(text_of("own"))
    async with gateway(settings(tmp_path, "", "one", config_from="fleet"), tmp_path / "own.yaml") as (built, client):
        held, threads, files = await swap(built, client, range(WARM), upstream.api_base)
        after = await swap(built, client, range(WARM, MANY), upstream.api_base)
        assert after[0] - held < GROWTH_MIB
        assert after[1] <= threads
        async with asyncio.timeout(PATIENCE_S):
            while open_files() > files + 2:
                await asyncio.sleep(0.5)
        assert len(built.figures) == 62, "the encoder is one"
