"""A gateway that is killed under load: each request that reached the upstream is in its journal once, billed for no
less than its client got and no more than the upstream sent. With no way to the ledger, its journal keeps it."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from routeiq.gateway.journal.records import Counts
from routeiq.gateway.journal.replay import replay
from routeiq.gateway.pipeline.prices import Prices
from routeiq.gateway.pipeline.recording import usage_of
from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.journaling import Read, left, records_of
from tests.support.processes import FakeProvider, fake_provider
from tests.support.waiting import PATIENCE_S

CLIENTS, ROUNDS = 16, 3
WORDS, PROMPT = 6, 11
"""What each answer of the provider comes to."""
NOWHERE = "127.0.0.1:9"


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as started:
        yield started


@pytest.fixture
def fleet(provider: FakeProvider, tmp_path: Path) -> Iterator[Fleet]:
    base = {"api_base": provider.api_base, "api_key": "sk-up", "input_cost_per_token": 1e-6}
    prices = {"output_cost_per_token": 2e-6}
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/gpt--{name}", **base, **prices}}
        for name in ("paced", "whole")
    ]
    environ = {
        "ROUTEIQ_NATS_URL": f"nats://{NOWHERE}",
        "ROUTEIQ_GATEWAY_CONTROL_ADDRESS": NOWHERE,
        "ROUTEIQ_GATEWAY_JOURNAL_DIR": str(tmp_path / "journal"),
    }
    with fleet_in(tmp_path, {"model_list": models}, **environ) as made:
        yield made


class Clients:
    """What each request has got."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.words: Counter[str] = Counter()
        self.whole: set[str] = set()
        self.began: list[str] = []

    async def load(self, name: int, client: httpx.AsyncClient) -> None:
        number = 0
        while True:
            number += 1
            await self._ask(f"r-{name}-{number}", client, stream=number % 3 != 0)

    async def _ask(self, identifier: str, client: httpx.AsyncClient, *, stream: bool) -> None:
        model = "paced" if stream else "whole"
        body = {"model": model, "stream": stream, "user": identifier, "messages": [{"role": "user", "content": "hi"}]}
        headers = {**HEADERS, "x-request-id": identifier}
        self.began.append(identifier)
        async with client.stream("POST", f"{self._url}/v1/chat/completions", json=body, headers=headers) as answer:
            async for line in answer.aiter_lines():
                self.words[identifier] += says_something(line)
        self.whole.add(identifier)


def says_something(line: str) -> bool:
    if not line.startswith("data: {"):
        return False
    choices = json.loads(line.removeprefix("data: "))["choices"]
    return any(one["delta"].get("content") for one in choices)


async def killed(fleet: Fleet, after: int) -> Clients:
    """Args: after: so many whole answers, however long they take on this machine."""
    clients = Clients(fleet.url)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        loads = [asyncio.create_task(clients.load(name, client)) for name in range(CLIENTS)]
        async with asyncio.timeout(PATIENCE_S):
            while len(clients.whole) < after:
                await asyncio.sleep(0.001)
        await asyncio.to_thread(fleet.stop, "gateway", signal.SIGKILL)
        await asyncio.gather(*loads, return_exceptions=True)  # none of them is answered any more
    return clients


async def test_every_request_is_in_the_journal_once(fleet: Fleet, provider: FakeProvider, tmp_path: Path) -> None:
    chance = random.Random(9)
    for _ in range(ROUNDS):
        provider.reset()
        fleet.start("gateway")
        await asyncio.to_thread(fleet.wait, "gateway")
        clients = await killed(fleet, chance.randint(CLIENTS, 5 * CLIENTS))
        records = await asyncio.to_thread(all_records, tmp_path / "journal")
        found = {one.request_id: one for one in records}
        assert len(found) == len(records) > CLIENTS
        sent = {str(one["body"]["user"]) for one in provider.log()}  # type: ignore[index]
        assert sent <= found.keys() <= set(clients.began)
        assert clients.whole <= found.keys()
        check(found, clients, sent)


def all_records(base: Path) -> list[Read]:
    """Of the gateway that was killed; they are taken away."""
    folder = left(base)
    records = records_of(replay(folder, price))
    folder.remove()
    return records


def price(terms: bytes, counts: Counts) -> int | None:
    return Prices().cost_by(terms, usage_of(counts))


def check(found: dict[str, Read], clients: Clients, sent: set[str]) -> None:
    for identifier, record in found.items():
        got = clients.words[identifier]
        if identifier not in sent:
            assert (record.counts.output, record.cost_nano_usd) == (0, 0)
        if record.stream:
            assert got <= record.counts.output <= WORDS
        else:
            assert record.counts.output == WORDS or identifier not in clients.whole
        assert record.cost_nano_usd == 1000 * record.counts.input + 2000 * record.counts.output
        if identifier in clients.whole:
            assert (record.counts.input, record.counts.output) == (PROMPT, WORDS)
