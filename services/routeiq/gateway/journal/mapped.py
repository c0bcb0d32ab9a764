"""Files that are memory: made in their full size, and mapped.

All room is taken when a file is made. A file with holes would be cheaper, and the first write into a hole for which the
disk has no block kills the process with SIGBUS."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path

Allocate = Callable[[int, int, int], None]
"""Descriptor, offset, length. Raises: OSError: there is no room."""


class Mapped:
    """A part of a file. `words` are its 64-bit words: one is written in one step, whenever this process is killed."""

    __slots__ = ("_map", "bytes", "words")

    def __init__(self, descriptor: int, offset: int, length: int, *, writes: bool = True) -> None:
        access = mmap.ACCESS_WRITE if writes else mmap.ACCESS_READ
        self._map = mmap.mmap(descriptor, length, access=access, offset=offset)
        self.bytes = memoryview(self._map)
        self.words = self.bytes.cast("Q")

    def read(self, start: int, end: int) -> bytes:
        return self._map[start:end]

    def write(self, start: int, data: bytes) -> None:
        """Within its length; not in one step."""
        self._map[start : start + len(data)] = data

    def put_away(self, start: int, end: int) -> None:
        """Its pages up to `end`, and from the one that `start` is in, need not be in memory; who reads them gets them
        again."""
        first, after = start // mmap.PAGESIZE * mmap.PAGESIZE, end // mmap.PAGESIZE * mmap.PAGESIZE
        if after > first:
            self._map.madvise(mmap.MADV_DONTNEED, first, after - first)

    def close(self) -> None:
        """Nobody may use it any more."""
        self.words.release()
        self.bytes.release()
        self._map.close()


def extended(path: Path, length: int, allocate: Allocate = os.posix_fallocate) -> Mapped:
    """That many bytes more of a file, which is made where it lacks. Raises: OSError; the file is as it was."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        try:
            allocate(descriptor, size, length)
            return Mapped(descriptor, size, length)
        except BaseException:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def opened(path: Path, *, unit: int) -> Mapped | None:
    """What is in a file, as far as it has whole units; None: nothing. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = os.fstat(descriptor).st_size // unit * unit
        return Mapped(descriptor, 0, length, writes=False) if length else None
    finally:
        os.close(descriptor)
