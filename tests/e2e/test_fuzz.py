"""Fifty thousand requests that no client would send: nothing crashes, nothing grows, nothing is smuggled."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.fuzz import request
from tests.support.memory import held_kib
from tests.support.strict_upstream import KEY, StrictUpstream
from tests.support.suite import Suite, running

COUNT, WARM_UP, WORKERS = 50_000, 10_000, 64
PATIENCE_S = 0.25
"""What has no end gets no answer before the server's own limits."""
MOST_GROWTH_KIB = 6 * 1024


async def attempt(suite: Suite, data: bytes) -> int:
    """The status of the first answer; 0: none came, because the request has no end or the server hung up."""
    address = urlsplit(suite.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(data)
        line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
    except (ConnectionError, TimeoutError):
        return 0
    finally:
        writer.close()


async def fuzz(suite: Suite, seeds: range) -> Counter[int]:
    """Every seed once, over several connections at a time."""
    statuses: Counter[int] = Counter()
    pending = iter(seeds)

    async def worker() -> None:
        for seed in pending:
            statuses[await attempt(suite, request(random.Random(seed), suite.key))] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(worker())
    return statuses


@pytest.mark.timeout(600)
async def test_fifty_thousand_odd_requests(tmp_path: Path) -> None:
    async with StrictUpstream().running() as upstream:
        params = {"model": "openai/m", "api_base": upstream.url, "api_key": KEY}
        names = ("m", "a/b")
        document = {"model_list": [{"model_name": name, "litellm_params": params} for name in names]}
        config = tmp_path / "config.yaml"
        config.write_text(json.dumps(document))
        with running(tmp_path, "--config", str(config)) as suite:
            statuses = await fuzz(suite, range(WARM_UP))
            before = held_kib(suite.process.pid)
            statuses += await fuzz(suite, range(WARM_UP, COUNT))
            grown = held_kib(suite.process.pid) - before
            status, _ = await asyncio.to_thread(suite.get, "/health")
            said = suite.said
    assert upstream.violations == []
    assert upstream.requests > COUNT / 20, "most of the good ones must have come through"
    assert status == 200
    assert "request.crashed" not in said
    assert "Traceback" not in said
    # 501: `/messages` of an OpenAI model, or another transfer coding; 505: no HTTP/1
    assert {code for code in statuses if code >= 500} <= {501, 505}, statuses
    assert grown <= MOST_GROWTH_KIB, f"{grown} KiB"
