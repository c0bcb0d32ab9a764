"""`kill -9` at any moment: every request that began is in the journal exactly once, and billed for what was sent."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from routeiq.gateway.journal.replay import INTERRUPTED, replay
from tests.support.journaling import Read, left, records_of

ROUNDS = 12


def killed(base: Path, after_s: float) -> list[list[str]]:
    """What a writer said before it was killed."""
    command = [sys.executable, "-m", "tests.integration.journal.writer", str(base)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "COVERAGE_PROCESS_START": ""})
    assert child.stdout is not None
    descriptor, said = child.stdout.fileno(), os.read(child.stdout.fileno(), 4096)
    until = time.monotonic() + after_s
    while time.monotonic() < until:
        said += os.read(descriptor, 65536)
    child.kill()
    said += child.stdout.read()
    child.stdout.close()
    child.wait()
    return [line.split() for line in said.decode().splitlines()]


def test_every_request_that_began_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(6)
    for _ in range(ROUNDS):
        said = killed(tmp_path, chance.uniform(0.01, 0.25))
        folder = left(tmp_path)
        shelf = replay(folder)
        records = records_of(shelf)
        folder.remove()
        check(said, Counter(one.id for one in records), {one.id: one for one in records})
        assert shelf.last == len(records)


def check(said: list[list[str]], found: Counter[str], records: dict[str, Read]) -> None:
    by_action = {kind: [line[1:] for line in said if line[0] == kind] for kind in "bcrse"}
    begun = {name for (name,) in by_action["c"]}
    assert set(found.values()) <= {1}
    assert begun <= found.keys() <= {name for (name,) in by_action["b"]}
    assert len(begun) > 40
    at_least = {name: int(count) for name, count in by_action["s"]}
    at_most = {name: int(count) for name, count in by_action["r"]}
    ended = {name for (name,) in by_action["e"]}
    for name, record in records.items():
        if name in ended:
            assert record.error == ""
        elif record.error == INTERRUPTED:
            assert at_least.get(name, 0) <= record.counts.output <= at_most.get(name, 0)
