"""Bad requests leave nothing behind."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support.memory import held_kib
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

WARM_UP, ALL = 2_000, 10_000
MOST_GROWTH_KIB = 2 * 1024
BODIES = (
    b"{",
    b"[]",
    b'{"model":"auto"}',
    b'{"model":"no-such-model-%d","messages":[{"role":"user","content":"x"}]}',
    b'{"model":1}',
)


async def send(suite: Suite, first: int, last: int) -> None:
    """Every request is a little different, as an attacker's would be."""
    async with httpx.AsyncClient(
        base_url=suite.url, limits=httpx.Limits(max_connections=8), timeout=PATIENCE_S
    ) as client:
        numbers = iter(range(first, last))

        async def worker() -> None:
            for number in numbers:
                body = BODIES[number % len(BODIES)].replace(b"%d", str(number).encode())
                key = suite.key if number % 3 else f"sk-wrong-{number}"
                headers = {"authorization": f"Bearer {key}"}
                answer = await client.post("/v1/chat/completions", content=body, headers=headers)
                assert answer.status_code in (400, 401, 404)

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(worker())


@pytest.mark.timeout(600)
def test_ten_thousand_bad_requests_do_not_grow_the_process(suite: Suite) -> None:
    asyncio.run(send(suite, 0, WARM_UP))
    before = held_kib(suite.process.pid)
    asyncio.run(send(suite, WARM_UP, ALL))
    assert held_kib(suite.process.pid) - before <= MOST_GROWTH_KIB
