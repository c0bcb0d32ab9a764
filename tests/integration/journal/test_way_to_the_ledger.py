"""From requests to the ledger: a gateway, NATS and control, each of which may die."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)
LEDGER_S = 3 * PATIENCE_S
"""What died with half a minute to answer in is asked again."""
MODEL = {"model": "simulated/words", "tokens_per_second": 50, "ttft_ms": 0}
PRICES = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
DOCUMENT = {"model_list": [{"model_name": "words", "litellm_params": MODEL | PRICES}]}


@pytest.fixture
def fleet(own_nats: NATS, tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path, DOCUMENT, governed=True, ROUTEIQ_NATS_URL=own_nats.url) as made:
        for service in ("control", "gateway"):
            made.start(service)
        for service in ("control", "gateway"):
            made.wait(service)
        yield made


async def ask(
    fleet: Fleet, identifier: str, tokens: int = 5, *, stream: bool = True, begun: set[str] | None = None
) -> int:
    """Returns: the words that came. Args: begun: gets the identifier with the first of them."""
    body = {"model": "words", "stream": stream, "max_tokens": tokens, "messages": [{"role": "user", "content": "hi"}]}
    headers, words = {**HEADERS, "x-request-id": identifier}, 0
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("POST", f"{fleet.url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        try:
            async for line in answer.aiter_lines():
                words += '"content":"' in line and '"content":""' not in line
                if words and begun is not None:
                    begun.add(identifier)
        except httpx.HTTPError:
            pass  # it was killed
    return words


def ledger(fleet: Fleet) -> dict[str, sqlite3.Row]:
    """By request id."""
    with sqlite3.connect(fleet.folder / "control.db") as rows:
        rows.row_factory = sqlite3.Row
        found = rows.execute("SELECT * FROM usage_records").fetchall()
    rows.close()
    assert len({row["request_id"] for row in found}) == len(found)
    return {row["request_id"]: row for row in found}


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(LEDGER_S):
        while not await asyncio.to_thread(done):
            await asyncio.sleep(0.1)


def journals(fleet: Fleet) -> int:
    folder = fleet.folder / "state-gateway" / "journal"
    return len(list(folder.iterdir()))


async def test_requests_are_in_the_ledger_once_whoever_dies(fleet: Fleet, own_nats: NATS) -> None:
    names = [f"first-{number}" for number in range(20)]
    await asyncio.gather(*(ask(fleet, name, stream=number % 2 == 0) for number, name in enumerate(names)))
    await until(lambda: ledger(fleet).keys() == set(names))
    for row in ledger(fleet).values():
        assert row["cost_nano_usd"] == 1000 * row["input_tokens"] + 2000 * 5
        assert (row["output_tokens"], row["model"]) == (5, "words")

    begun: set[str] = set()
    cut = [asyncio.create_task(ask(fleet, f"cut-{number}", 500, begun=begun)) for number in range(5)]
    await until(lambda: len(begun) == len(cut))
    await asyncio.to_thread(fleet.stop, "gateway", signal.SIGKILL)
    words = await asyncio.gather(*cut)
    assert all(words)

    await asyncio.to_thread(own_nats.kill)
    shutil.rmtree(own_nats.folder / "store")
    await asyncio.to_thread(fleet.stop, "control", signal.SIGKILL)
    for service in ("control", "gateway"):
        fleet.start(service)
    await asyncio.to_thread(own_nats.start)
    for service in ("control", "gateway"):
        await asyncio.to_thread(fleet.wait, service)
    await ask(fleet, "after")
    names += [*(f"cut-{number}" for number in range(5)), "after"]
    await until(lambda: ledger(fleet).keys() == set(names))
    found = ledger(fleet)
    for number, got in enumerate(words):
        row = found[f"cut-{number}"]
        assert (row["error"], row["metered"]) == ("interrupted", 1)
        assert got <= row["output_tokens"] <= got + 5
        assert row["cost_nano_usd"] == 1000 * row["input_tokens"] + 2000 * row["output_tokens"]
    await until(lambda: journals(fleet) == 1)
    assert await asyncio.to_thread(fleet.stop, "gateway") == 0
