"""Rounds of traffic, in the middle of each of which something is killed and comes back."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.books import Books, complete
from tests.chaos.traffic import Got, Traffic
from tests.chaos.world import TARGETS, World, world_in

BEFORE_S, AWAY_S, AFTER_S = 0.8, 0.4, 0.8
SETTLE_S = 2.0


async def play(folder: Path, rounds: int, seed: int) -> tuple[list[str], list[str]]:
    """Returns: a line for each round, and what is wrong with the books in the end."""
    with world_in(folder) as world:
        traffic = Traffic(world.urls, world.keys, seed)
        running = asyncio.create_task(traffic.run())
        lines = [await _round(world, traffic, number, target) for number, target in _plan(rounds, seed)]
        traffic.stopped = True
        await running
        await asyncio.sleep(SETTLE_S)
        url = world.fleet.environ["ROUTEIQ_CONTROL_DATABASE_URL"]
        books = await asyncio.to_thread(complete, url, world.book, traffic.got)
        return [*lines, "", *_summary(books)], books.problems() + _misspent(world, books)


def _plan(rounds: int, seed: int) -> Iterator[tuple[int, str]]:
    """Every target as often as any other, in an order of its own."""
    chance, waiting = random.Random(seed), list[str]()
    for number in range(1, rounds + 1):
        if not waiting:
            waiting = chance.sample(TARGETS, len(TARGETS))
        yield number, waiting.pop()


async def _round(world: World, traffic: Traffic, number: int, target: str) -> str:
    begun, before = time.monotonic(), len(traffic.got)
    await asyncio.sleep(BEFORE_S)
    back = await asyncio.to_thread(world.kill, target)
    await asyncio.sleep(AWAY_S)
    await asyncio.to_thread(back)
    await asyncio.sleep(AFTER_S)
    line = _line(number, target, list(traffic.got.values())[before:], time.monotonic() - begun)
    print(line, file=sys.stderr, flush=True)
    return line


def _line(number: int, target: str, new: list[Got], seconds: float) -> str:
    good = sum(one.whole and one.status == 200 for one in new)
    refused = dict(Counter(one.status for one in new if one.status != 200))
    return f"{number:>4}  {target:<22}{len(new):>6} requests{good:>7} whole, refused {refused}, {seconds:.1f} s"


def _summary(books: Books) -> list[str]:
    errors = Counter(row.error or "none" for row in books.rows)
    metered = sum(row.metered for row in books.rows)
    return [
        f"requests {len(books.got)}, of them at the upstream {len(books.sent)}, records {len(books.rows)}",
        f"errors of records: {dict(errors)}; tokens counted on the way: {metered}",
        f"spent: {sum(books.spent().values()) / 1e9:.6f} USD",
    ]


def _misspent(world: World, books: Books) -> list[str]:
    """What keys have spent is what their records cost."""
    spent, problems = books.spent(), []
    for key in world.keys:
        want = spent.get(hashlib.sha256(key.encode()).hexdigest(), 0) / 1e9
        if abs(world.spent(key) - want) > 5e-10:
            problems.append(f"a key has spent {world.spent(key)}, its records cost {want}")
    return problems
