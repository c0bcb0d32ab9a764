"""Requests that are over: records one after the other in mapped files, which are made in their full size.

A segment has a head of two words, its mark and the sequence of its first record; then frames: a word with the length
and the checksum of a record, and the record, filled up to whole words. The word is written last, in one step: what ends
a segment is a word of nothing, or what a power failure left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

from routeiq.gateway.journal.mapped import Allocate, Mapped, extended, opened

SIZE: Final = 4 * 1024 * 1024
SUFFIX: Final = ".segment"
_MARK: Final = int.from_bytes(b"RIQSEG02", "little")
_ANY_MARK: Final = 2**48 - 1
"""Without the number of its kind."""
_HEAD: Final = 16
_LOW: Final = 2**32 - 1


class Segment:
    """One file. `first`: the sequence of its first record; 0: it has none yet."""

    __slots__ = ("_away", "_mapped", "broken", "count", "end", "first", "number", "path")

    def __init__(self, path: Path, mapped: Mapped) -> None:
        self.path, self._mapped = path, mapped
        self.number = int(path.stem)
        self.first = self.count = 0
        self.end = _HEAD
        """Where the next frame goes."""
        self.broken = False
        """It ends with what a power failure left."""
        self._away = 0

    @property
    def last(self) -> int:
        """The sequence of its last record."""
        return self.first + self.count - 1

    @property
    def room(self) -> int:
        return len(self._mapped.bytes) - self.end

    def begin(self, first: int) -> None:
        """From now on records are added to it."""
        self._mapped.words[1] = first
        self._mapped.words[0] = _MARK
        self.first = first

    def add(self, record: bytes) -> bool:
        """Returns: whether there was room."""
        length = len(record)
        at, start = self.end, self.end + 8
        after = start + (length + 7 & -8)
        mapped = self._mapped
        if after > len(mapped.bytes):
            return False
        mapped.write(start, record)
        mapped.words[at >> 3] = length | crc32(record) << 32
        self.end = after
        self.count += 1
        return True

    def at(self, sequence: int) -> int:
        """Where the frame of that record begins; of one that is yet to come, the end."""
        at, words = _HEAD, self._mapped.words
        for _ in range(min(sequence - self.first, self.count)):
            at += 8 + ((words[at >> 3] & _LOW) + 7 & -8)
        return at

    def read(self, at: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        """So many records at most from the frame on that begins there, but one at least; and where the next begins."""
        mapped, found, size = self._mapped, list[bytes](), 0
        words = mapped.words
        for _ in range(most):
            length = words[at >> 3] & _LOW
            size += length
            if found and size > most_bytes:
                break
            found.append(mapped.read(at + 8, at + 8 + length))
            at += 8 + (length + 7 & -8)
        return found, at

    def put_away(self, at: int) -> None:
        """What stands in front of it leaves memory until it is read: it was, or its turn comes later."""
        self._mapped.put_away(self._away, at)
        self._away = at

    def records(self) -> Iterator[bytes]:
        at = _HEAD
        for _ in range(self.count):
            (record,), at = self.read(at, 1, 0)
            yield record

    def close(self) -> None:
        self._mapped.close()

    def check(self) -> bool:
        """Find out what is in it. Returns: whether it was ever begun. Raises: ValueError: it is another release's."""
        words, size = self._mapped.words, len(self._mapped.bytes)
        if words[0] != _MARK and words[0] & _ANY_MARK == _MARK & _ANY_MARK:
            raise ValueError(f"{self.path.name} was written by another release")
        if words[0] != _MARK or not words[1]:
            return False
        self.first = words[1]
        while self.end + 8 <= size and words[self.end >> 3]:
            length, start = words[self.end >> 3] & _LOW, self.end + 8
            after = start + (length + 7 & -8)
            if after > size or crc32(self._mapped.read(start, start + length)) != words[self.end >> 3] >> 32:
                self.broken = True
                break
            self.end = after
            self.count += 1
        return True


def prepare(folder: Path, number: int, *, size: int = SIZE, allocate: Allocate = os.posix_fallocate) -> Segment:
    """A fresh one. Raises: OSError: there is no room; nothing is left behind."""
    path = folder / f"{number:08d}{SUFFIX}"
    path.unlink(missing_ok=True)
    try:
        return Segment(path, extended(path, size, allocate))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_segments(folder: Path) -> list[Segment]:
    """Those of a dead process that were begun, in order, with what can be read of each. Raises: OSError. ValueError:
    another release wrote them."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        mapped = opened(path, unit=8)
        if mapped is None:
            continue
        segment = Segment(path, mapped)
        if len(mapped.bytes) >= _HEAD and segment.check():
            found.append(segment)
        else:
            mapped.close()
    return found
