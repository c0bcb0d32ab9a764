"""Reload after reload: gateways and config-sync hold no more memory, threads or files than before.

RELOADS (40): how often, besides WARM_UP (a fifth of that, 20 at least). It is the same documents again and again: a new
name of a model or of a version stays in caches of a thousand, which is no leak and would look like one here."""

from __future__ import annotations

import itertools
import os
import time

import httpx
import pytest

from tests.support.fleet import HEADERS
from tests.support.rolling.figures import Record, measured
from tests.support.rolling.footprint import Footprint, slope
from tests.support.rolling.traffic import MESSAGE
from tests.support.rolling.world import World
from tests.support.waiting import PATIENCE_S

RELOADS = int(os.environ.get("RELOADS") or 40)
DOCUMENTS = 20
WARM_UP = int(os.environ.get("WARM_UP") or max(DOCUMENTS, RELOADS // 5))
"""Caches fill, the allocator finds its size: wholly after 2000."""
MOST_KIB = 1.5 if RELOADS >= 300 else 24.0
"""A reload. A leak would keep a version's own state each time; fewer reloads see an allocator that still settles. About
one is left of 500: CPython fills its lists of free tuples, 2000 of each size, and its cache of attribute names. Objects
are counted in `tests/unit/gateway/release/test_swaps.py`."""
WATCHED = ("gateway", "gateway-2", "config-sync", "config-sync-2", "routing")


@pytest.mark.timeout(600 + (WARM_UP + RELOADS) * 6)
def test_nothing_grows(world: World, record_property: Record) -> None:
    pids = {name: world.fleet.processes[name].pid for name in WATCHED}
    held: dict[str, list[Footprint]] = {name: [] for name in WATCHED}
    numbers = [next(world.numbers) for _ in range(DOCUMENTS)]
    for number in itertools.islice(itertools.cycle(numbers), WARM_UP + RELOADS):
        _reload(world, number)
        for name, pid in pids.items():
            held[name].append(Footprint.of(pid))
    for name, prints in held.items():
        after = prints[WARM_UP:]
        grows = slope([one.held_kib for one in after])
        threads, files = [one.threads for one in after], [one.files for one in after]
        figures = {
            "memory, MiB": (after[0].held_kib // 1024, after[-1].held_kib // 1024),
            "KiB a reload": f"{grows.kib:.2f} +- {grows.error:.2f}",
            "threads": (min(threads), max(threads)),
            "files": (min(files), max(files)),
        }
        measured(record_property, f"{RELOADS} reloads, {name}", figures)
        assert grows.kib < MOST_KIB, name
        half = len(after) // 2
        assert max(threads[half:]) <= max(threads[:half]) + 1, name
        assert max(files[half:]) <= max(files[:half]) + 3, name


def _reload(world: World, number: int) -> None:
    """Another version, and both watched gateways answer by it."""
    world.publish(number)
    end = time.monotonic() + PATIENCE_S
    for gateway in ("gateway", "gateway-2"):
        while f"m-{number} " not in _said(world.fleet.url_of(gateway)):
            assert time.monotonic() < end, number
            time.sleep(0.01)


def _said(url: str) -> str:
    body = {"model": "m", "messages": MESSAGE}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS, timeout=PATIENCE_S)
    return str(answer.json()["choices"][0]["message"]["content"])
