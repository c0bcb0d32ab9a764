"""How much memory a process holds: what it wrote itself, swapped or not. Pages of files do not count: the kernel takes
them from whoever rests, and gives them back, a fifth of a gigabyte within a minute, whether anything leaks or not."""

from __future__ import annotations

from pathlib import Path

_COUNTED = ("RssAnon", "VmSwap")


def held_kib(pid: int | str = "self") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))
