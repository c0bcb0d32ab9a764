"""What a process tree has used: CPU time to the nanosecond, resident memory, open files. From /proc, so Linux alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """`pid` and all its descendants that live."""
    found, i = [pid], 0
    while i < len(found):
        with contextlib.suppress(OSError):
            for task in (PROC / str(found[i]) / "task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        i += 1
    return found


def alive(pid: int) -> bool:
    """Whether it is there and has memory: a zombie has none."""
    with contextlib.suppress(OSError):
        return int((PROC / str(pid) / "statm").read_text().split()[1]) > 0
    return False


def cpu_s(*pids: int) -> float:
    """CPU seconds of the trees under `pids`, as the scheduler counts them. Threads that have ended are not in it."""
    return _schedstat(0, pids)


def waited_s(*pids: int) -> float:
    """Seconds in which their threads could have run, but something else had the core."""
    return _schedstat(1, pids)


def busy_s(core: int) -> float:
    """CPU seconds of everything on one core since boot, stolen time too; 0 where it is not said."""
    for line in (PROC / "stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _iowait, *more = (int(one) for one in line.split()[1:9])
            return (user + nice + system + sum(more)) / TICKS
    return 0.0


def rss_mib(pid: int) -> float:
    """Resident MiB of a tree; pages that its processes share count once for each."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            total += int((PROC / str(one) / "statm").read_text().split()[1])
    return total * PAGE / 2**20


def open_files(pid: int) -> int:
    """Descriptors of one process."""
    return len(os.listdir(PROC / str(pid) / "fd"))


def _threads(pid: int) -> list[Path]:
    with contextlib.suppress(OSError):
        return list((PROC / str(pid) / "task").iterdir())
    return []


def _schedstat(place: int, roots: tuple[int, ...]) -> float:
    """Nanoseconds run, nanoseconds waited, slices: the kernel's sched-stats document."""
    found = 0
    for thread in (thread for root in roots for pid in tree(root) for thread in _threads(pid)):
        with contextlib.suppress(OSError):
            found += int((thread / "schedstat").read_text().split()[place])
    return found / 1e9
