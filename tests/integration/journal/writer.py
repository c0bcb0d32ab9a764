"""A process that begins and ends requests until it is killed. It says which, after each beginning and each end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from routeiq.gateway.journal.slots import Slot
from tests.support.journaling import begin, end, opened

IN_FLIGHT = 40


def write(base: Path) -> None:
    journal, slots = opened(base), dict[str, Slot]()
    number = 0
    while True:
        name = f"{os.getpid()}-{number}"
        number += 1
        say(f"b {name}")
        slots[name] = begin(journal, name)
        say(f"c {name}")
        slots[name].call()
        for events in range(1, number % 5 + 1):
            say(f"r {name} {events}")  # its client will have got no more than this
            slots[name].relay(10, 1)
            say(f"s {name} {events}")  # and may have got this
        if len(slots) > IN_FLIGHT:
            oldest = next(iter(slots))
            slot = slots.pop(oldest)
            end(journal, slot, oldest)
            say(f"e {oldest}")


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
