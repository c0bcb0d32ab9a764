"""How the process holds memory: what it needs for life is not looked through, what it gives back is used again."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

THRESHOLDS = (10_000, 20, 50)
"""Python's own are 700, 10, 10, which cost a quarter more CPU a request. Twice as high keeps 2 MB more of garbage."""
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""mallopt's numbers for them. Source: glibc's malloc.h."""
_LARGE = 128 * 1024
"""What glibc begins with, before it has seen anything as large freed."""
_MADV_DONTNEED = 4
"""madvise's number for it. Source: Linux's mman-common.h."""


@contextmanager
def kept() -> Iterator[None]:
    """What is made inside stays: it is not looked through meanwhile, which makes imports a sixth faster, nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()


def one_heap() -> None:
    """Let all threads share one heap of glibc, as the interpreter's lock makes them take turns anyway, and keep what is
    large out of it.

    A heap for each thread that once exported spans or resolved a name keeps 2 MB. Of itself glibc takes whatever is as
    large as something that was freed from the heap, up to 32 MB, and gives back only its end: batches of records and of
    spans leave 2 MB of holes there. Elsewhere than on glibc: nothing."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_ARENA_MAX, 1)
            mallopt(_MMAP_THRESHOLD, _LARGE)
            mallopt(_TRIM_THRESHOLD, _LARGE)


def give_back_programs() -> None:
    """Let go of the pages of programs and libraries that only the start needed, or that came along with those: a
    quarter of all. What is needed again is mapped again, from the page cache. Elsewhere than on Linux: nothing."""
    if sys.platform == "linux":
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        with suppress(OSError):  # without /proc they stay
            for start, end in _programs(Path("/proc/self/smaps").read_text().splitlines()):
                madvise(start, end - start, _MADV_DONTNEED)


def _programs(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where files are mapped to be run, and nothing was written since: that could not be read again. Source: Linux,
    proc_pid_smaps(5)."""
    where: tuple[int, int] | None = None
    for line in smaps:
        first, *rest = line.split()
        if not first.endswith(":"):
            start, _, end = first.partition("-")
            is_program = rest[0] == "r-xp" and "".join(rest[4:]).startswith("/")
            where = (int(start, 16), int(end, 16)) if is_program else None
        elif first == "Anonymous:" and rest[0] == "0" and where is not None:
            yield where
