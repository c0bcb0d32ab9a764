"""What a process gives back, and what it must not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from routeiq.kit import memory

SMAPS = """\
55d0c0a00000-55d0c0a01000 r--p 00000000 fe:00 11 /usr/bin/python3.11
Anonymous:             0 kB
55d0c0a01000-55d0c0a03000 r-xp 00001000 fe:00 11 /usr/bin/python3.11
Rss:                   8 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
55d0c0a04000-55d0c0a05000 rw-p 00004000 fe:00 11 /usr/bin/python3.11
Anonymous:             0 kB
7f0000000000-7f0000002000 r-xp 00000000 fe:00 12 /opt/with a space/relocated.so
Anonymous:             4 kB
7f0000003000-7f0000004000 r-xp 00000000 00:00 0
Anonymous:             0 kB
7f0000005000-7f0000006000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
7f0000007000-7f0000009000 r-xp 00000000 fe:00 13 /opt/lib.so (deleted)
Anonymous:             0 kB
"""


def test_only_programs_that_are_as_their_files_are_given_back() -> None:
    assert list(memory._programs(SMAPS.splitlines())) == [
        (0x55D0C0A01000, 0x55D0C0A03000),
        (0x7F0000007000, 0x7F0000009000),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's")
def test_afterwards_everything_runs_as_before() -> None:
    before = _mapped_kib()
    memory.give_back_programs()
    assert _mapped_kib() < before
    assert sorted(str(number) for number in range(1000))[-1] == "999"


def _mapped_kib() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssFile:"))
